import type { IndexedCommit } from '../commit-index.ts'
import { jsonIn } from './row-scan.ts'

/** The writes of a commit whose versions parse. */
export function writesOf(paths: readonly string[], lines: readonly string[]): IndexedCommit['writes'] {
  return paths.map((path, i) => {
    const version = jsonIn(lines[i])
    return { path: path.split('/'), isDelete: isVersion(version) && version[1] === 'DELETE' && !hasMark(version) }
  })
}

/** The first line of a log row. */
export function isMeta(
  meta: unknown,
): meta is readonly [id: string, at: number, actor: string | null, digest: string | null] {
  if (!Array.isArray(meta)) return false
  const [id, at, actor, digest] = meta as readonly unknown[]
  return typeof id === 'string' && Number.isSafeInteger(at) && isTextOrNull(actor) && isTextOrNull(digest)
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string'
}

/** The second line of a log row, and the fields of a version. */
export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

/** Whether a line has the element that only the mark of a purged version has. */
export function hasMark(line: readonly unknown[]): boolean {
  return line.length > 5
}

/** Whether nothing is left of a version but what a mark keeps. */
function isEmptied([, type, fields, , value, purged, ...more]: readonly unknown[]): boolean {
  const isBare = type === 'DELETE' && value === null && Array.isArray(fields) && fields.length === 0
  return isBare && purged === 1 && more.length === 0
}

/** The line of a version; its value may be anything. */
export function isVersion(value: unknown): value is readonly [version: number, type: string, ...unknown[]] {
  if (!Array.isArray(value) || value.length < 5 || (hasMark(value) && !isEmptied(value))) return false
  const [version, type, fields, createdAt] = value as readonly unknown[]
  return (
    Number.isSafeInteger(version) &&
    Number(version) > 0 &&
    (type === 'NEW' || type === 'UPDATE' || type === 'DELETE') &&
    isTexts(fields) &&
    Number.isSafeInteger(createdAt)
  )
}
