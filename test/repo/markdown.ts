import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The repository's root, with a slash at its end. */
export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url))

/** A fenced block of a Markdown page. */
export interface Block {
  /** Of its opening fence, from 1. */
  readonly line: number
  /** What stands behind the opening fence: `sh`, `text window`. */
  readonly info: string
  readonly text: string
}

/** The text of a file of the repository. */
export function readText(path: string): string {
  return readFileSync(ROOT + path, 'utf8')
}

/** All fenced blocks of a page, indented ones too, in order. */
export function blocksOf(page: string): readonly Block[] {
  return [...page.matchAll(/^([ \t]*(?:```+|~~~+))(.*)\n([\s\S]*?)^\1[ \t]*$/gm)].map(
    ({ index, 2: info = '', 3: text = '' }) => ({
      line: page.slice(0, index).split('\n').length,
      info: info.trim(),
      text,
    }),
  )
}

/** Targets of a page's links that name files, without their anchors. */
export function fileLinksOf(page: string): readonly string[] {
  const targets = [...page.matchAll(/\]\(([^)\s]+)\)/g)].map(({ 1: target = '' }) => target)
  return targets.filter((target) => !/^(https?:|#)/.test(target)).map((target) => target.replace(/#.*$/, ''))
}

/** The cells of all table rows whose first cell is a `code`, without the backquotes. */
export function codeRowsOf(page: string): readonly (readonly string[])[] {
  const rows = page.split('\n').filter((line) => line.startsWith('| `'))
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  )
}
