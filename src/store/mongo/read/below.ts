import type { Filter } from 'mongodb'
import { isDocumentPath, isWithin, pathText, type Path } from '../../../core/path.ts'
import type { Revision } from '../../../core/version.ts'
import { erasedCommit } from '../../erasure.ts'
import { takeWithin, type TakenRows } from '../../page.ts'
import { headKeysOf } from './head-rows.ts'
import { purgesOf, type MongoReader } from './latest.ts'
import { logKey, logRowBytes, pathOfHead, toLogEntry, type LogEntry, type LogRow } from '../rows.ts'
import { scanRows } from './scan.ts'
import { byKey, findCommits, readOverlay, readSection, type LogSection } from '../tables.ts'

/**
 * Most documents in one query, for which the server merges the histories by the index of paths and revisions. With more
 * documents a scan of their collections' commits is as fast, as more of these match.
 */
const MERGED_DOCUMENTS = 256

/** A section of the log, and which of its commits to read. */
interface SelectedSection extends LogSection {
  /** Only commits that wrote at or below one of these paths. */
  readonly below?: readonly Path[] | undefined
  /** Only commits of this actor. */
  readonly actor?: string | undefined
  readonly skips?: number | undefined
}

interface CommitPage {
  /** In the order of the section. */
  readonly rows: readonly LogEntry[]
  /** The revision from which the section continues; undefined at its end. */
  readonly next: Revision | undefined
}

/** Commits of a section of the log as it is when all erasures are done. */
export async function readCommits(reader: MongoReader, section: SelectedSection): Promise<CommitPage> {
  const { rows, next } = await readStoredCommits(reader, section)
  const purges = purgesOf(reader)
  return { rows: rows.map((entry) => ({ ...entry, commit: erasedCommit(entry.commit, purges) })), next }
}

/** Commits of a section of the log: from memory, where they are there, else by an index that finds them. */
async function readStoredCommits(reader: MongoReader, section: SelectedSection): Promise<CommitPage> {
  const { tables, overlay } = reader
  const { actor } = section
  const below = section.below?.some((path) => path.length === 0) === true ? undefined : section.below
  if (below === undefined && actor === undefined) {
    return toCommitPage(readOverlay(overlay, section) ?? (await readSection(tables, overlay.scope, section)))
  }
  const recent = readOverlay(overlay, { ...section, limit: { rows: Infinity, bytes: Infinity } })
  if (recent !== null) {
    const selected = recent.rows.filter((entry) => isSelected(entry, { below, actor }))
    return toCommitPage(takeWithin(selected, section.limit, ({ bytes }) => bytes))
  }
  if (below === undefined) return readByIndex(reader, section, { by: actor ?? null })
  if (actor !== undefined) return scanByActor(reader, { ...section, below, actor })
  const documents = await fewMongoDocuments(reader, below)
  if (documents !== null) return readByIndex(reader, section, { 'ops.p': { $in: [...documents] } })
  return scanCollections(reader, { ...section, below })
}

function isSelected({ commit }: LogEntry, { below, actor }: Pick<SelectedSection, 'below' | 'actor'>): boolean {
  return (
    (actor === undefined || commit.actor === actor) &&
    (below === undefined || commit.versions.some(({ path }) => below.some((root) => isWithin(path, root))))
  )
}

function toCommitPage({ rows, more }: TakenRows<LogEntry>): CommitPage {
  return { rows, next: more ? rows.at(-1)?.commit.revision : undefined }
}

/**
 * The documents at and below the paths, deleted and purged ones included, as texts; null when there are more than
 * MERGED_DOCUMENTS.
 */
async function fewMongoDocuments(reader: MongoReader, below: readonly Path[]): Promise<readonly string[] | null> {
  const { tables, tenants, overlay } = reader
  const applied = overlay.applied
  const texts = new Set(below.filter(isDocumentPath).map(pathText))
  for (const path of below) {
    for (const { from, to } of headKeysOf(overlay.scope, { kind: 'below', path, limit: { rows: 0, bytes: 0 } })) {
      const options = { projection: { _id: 1 }, limit: MERGED_DOCUMENTS + 1, maxTimeMS: tables.readMs } as const
      const rows = await tables.call(
        tables.heads.find({ t: overlay.scope, _id: { $gte: from, $lt: to } }, options).toArray(),
      )
      for (const { _id } of rows) texts.add(pathText(pathOfHead(overlay.scope, _id)))
      if (texts.size > MERGED_DOCUMENTS) return null
    }
  }
  // After the heads were read: the overlay has the documents that they did not contain yet.
  await tenants.refresh(overlay)
  if (overlay.base > applied) return fewMongoDocuments(reader, below)
  for (const { path } of overlay.newestAfter(applied)) {
    if (below.some((root) => isWithin(path, root))) texts.add(pathText(path))
  }
  return texts.size > MERGED_DOCUMENTS ? null : [...texts]
}

/** The commits that meet a condition, by an index in which the revision follows it. */
async function readByIndex(
  { tables, overlay }: MongoReader,
  { after, before, reverse, limit }: LogSection,
  condition: Filter<LogRow>,
): Promise<CommitPage> {
  const filter: Filter<LogRow> = { t: overlay.scope, ...condition, n: { $gt: after, $lt: before } }
  return toCommitPage(await findCommits(tables, { filter, sort: { n: reverse === true ? -1 : 1 }, limit }))
}

type BelowSection = SelectedSection & { readonly below: readonly Path[] }

/**
 * The commits in the top-level collections of the paths, and those that do not say in which collections they wrote.
 * Where every path is such a collection, nearly all of them are selected, and are read at once.
 */
async function scanCollections(reader: MongoReader, section: BelowSection): Promise<CommitPage> {
  const { scope } = reader.overlay
  const { after, before, below, limit, skips, reverse = false } = section
  const collections = new Set(below.map(([name = '']) => name))
  const n = { $gt: after, $lt: before }
  const filter = { $or: [...collections, null].map((c) => ({ t: scope, c, n })) } as Filter<LogRow>
  if (below.some((path) => path.length > 1)) return scanPaths(reader, section, filter)
  const scan = { filter, reverse, limit, skips, isSelected: wroteIn(below), bytesOf: logRowBytes }
  const { rows, next } = await scanRows(reader.tables, scan)
  return { rows: rows.map(toLogEntry), next }
}

/** The commits of an actor that wrote at or below the paths. */
function scanByActor(reader: MongoReader, section: BelowSection & { readonly actor: string }): Promise<CommitPage> {
  const { after, before, actor } = section
  return scanPaths(reader, section, { t: reader.overlay.scope, by: actor, n: { $gt: after, $lt: before } })
}

/**
 * The commits of a filter that wrote at or below the paths: first the paths of all are read, then the selected commits.
 */
async function scanPaths(
  { tables, overlay }: MongoReader,
  { below, limit, skips, reverse = false }: BelowSection,
  filter: Filter<LogRow>,
): Promise<CommitPage> {
  const scan = { filter, reverse, limit, skips, projection: { n: 1, 'ops.p': 1 }, isSelected: wroteIn(below) }
  const { rows: found, next } = await scanRows(tables, { ...scan, bytesOf: () => 0 })
  if (found.length === 0) return { rows: [], next }
  const keys = found.map(({ n }) => logKey(overlay.scope, Number(n)))
  const query = { filter: byKey(tables, overlay.scope, keys), sort: { _id: reverse ? -1 : 1 }, limit } as const
  const page = toCommitPage(await findCommits(tables, query))
  return page.next === undefined ? { ...page, next } : page
}

/** Whether a row wrote at or below one of the paths. */
function wroteIn(below: readonly Path[]): (row: LogRow) => boolean {
  return ({ ops }) => ops.some(({ p }) => below.some((root) => isWithin(p.split('/'), root)))
}
