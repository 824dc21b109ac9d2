import type { Filter } from 'mongodb'
import { isDocumentPath, isWithin, pathText, type Path } from '../../../core/path.ts'
import type { Revision } from '../../../core/version.ts'
import { takeWithin, type TakenRows } from '../../page.ts'
import { SKIPS } from '../../store.ts'
import { headKeysOf, type MongoReader } from './latest.ts'
import { belowKeys, logKey, pathOfHead, type LogEntry, type LogRow } from '../rows.ts'
import { findCommits, readOverlay, readSection, type LogSection } from '../tables.ts'

/**
 * Most documents in one query, for which the server merges the histories by the index of paths and revisions. With more
 * documents a log scan is as fast, as more of its commits match.
 */
const MERGED_DOCUMENTS = 256

interface BelowSection extends LogSection {
  /** Only commits that wrote at or below one of these paths. */
  readonly below: readonly Path[]
  readonly skips?: number | undefined
}

/** Commits of a section of the log, from memory as far as they are there; with `below`, of a BelowSection. */
export async function readCommits(
  reader: MongoReader,
  { below, ...section }: Omit<BelowSection, 'below'> & { readonly below?: readonly Path[] | undefined },
): Promise<BelowPage> {
  const { tables, overlay } = reader
  const { rows, next } =
    below === undefined
      ? toBelowPage(readOverlay(overlay, section) ?? (await readSection(tables, overlay.scope, section)))
      : await readBelow(reader, { ...section, below })
  return { rows: rows.map((entry) => ({ ...entry, commit: overlay.erased(entry.commit) })), next }
}

interface BelowPage {
  /** In the order of the section. */
  readonly rows: readonly LogEntry[]
  /** The revision from which the section continues; undefined at its end. */
  readonly next: Revision | undefined
}

/**
 * Commits of a section that wrote at or below some paths: from memory, by the documents if they are few, else by a log
 * scan.
 */
async function readBelow(reader: MongoReader, section: BelowSection): Promise<BelowPage> {
  const recent = readOverlay(reader.overlay, { ...section, limit: { rows: Infinity, bytes: Infinity } })
  if (recent !== null) {
    const selected = recent.rows.filter((entry) => isSelected(entry, section.below))
    return toBelowPage(takeWithin(selected, section.limit, ({ bytes }) => bytes))
  }
  const documents = await fewMongoDocuments(reader, section.below)
  return documents === null ? scanLog(reader, section) : readMerged(reader, { ...section, documents })
}

function isSelected({ commit }: LogEntry, below: readonly Path[]): boolean {
  return commit.versions.some(({ path }) => below.some((root) => isWithin(path, root)))
}

function toBelowPage({ rows, more }: TakenRows<LogEntry>): BelowPage {
  return { rows, next: more ? rows.at(-1)?.commit.revision : undefined }
}

/**
 * The documents at and below the paths, tombstones included, as texts; null when there are more than MERGED_DOCUMENTS.
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

interface MergedSection extends LogSection {
  readonly documents: readonly string[]
}

async function readMerged(
  { tables, overlay }: MongoReader,
  { after, before, reverse, limit, documents }: MergedSection,
): Promise<BelowPage> {
  if (documents.length === 0) return { rows: [], next: undefined }
  const filter: Filter<LogRow> = { t: overlay.scope, 'ops.p': { $in: [...documents] }, n: { $gt: after, $lt: before } }
  return toBelowPage(await findCommits(tables, { filter, sort: { n: reverse === true ? -1 : 1 }, limit }))
}

/** Scans up to `skips` commits in one query; the server filters them. */
async function scanLog({ tables, overlay }: MongoReader, section: BelowSection): Promise<BelowPage> {
  const { after, before, reverse = false, below, limit, skips = SKIPS } = section
  const [low, high] = reverse
    ? [Math.max(after, before - 1 - skips), before]
    : [after, Math.min(before, after + 1 + skips)]
  const filter: Filter<LogRow> = {
    t: overlay.scope,
    _id: { $gt: logKey(overlay.scope, low), $lt: logKey(overlay.scope, high) },
    ...wroteBelow(below),
  }
  const { rows, more } = await findCommits(tables, { filter, sort: { _id: reverse ? -1 : 1 }, limit })
  const found = rows.filter((entry) => isSelected(entry, below))
  if (more) return { rows: found, next: rows.at(-1)?.commit.revision }
  const isWhole = low === after && high === before
  return { rows: found, next: isWhole ? undefined : reverse ? low + 1 : high - 1 }
}

/**
 * A filter that may match too much, as different elements of an array may meet the two bounds: results need a second
 * check.
 */
function wroteBelow(below: readonly Path[]): Filter<LogRow> {
  if (below.some((path) => path.length === 0)) return {}
  const parts = below.flatMap((path) => {
    const { from, to } = belowKeys(pathText(path))
    return [{ 'ops.p': pathText(path) }, { 'ops.p': { $gte: from, $lt: to } }]
  })
  return { $or: parts }
}
