import type { Filter } from 'mongodb'
import { compareText, isWithin, lastOf, parentOf, pathText, type Path } from '../../../core/path.ts'
import type { Revision } from '../../../core/version.ts'
import { isErased } from '../../erasure.ts'
import {
  belowKeys,
  collectionInKey,
  collectionKeys,
  keyAfter,
  pathOfHead,
  type HeadRow,
  type KeyRange,
  type LogRow,
} from '../rows.ts'
import type { MongoTables } from '../tables.ts'
import { purgesOf, type MongoReader } from './latest.ts'
import { mapConcurrent } from './past.ts'

/** A write in the log, without its value. */
interface FoundWrite {
  readonly path: Path
  readonly revision: Revision
  readonly version: number
  readonly purged: boolean
}

/**
 * Whether a matching commit made a write for which `matches` holds: a filter alone may match too much, as in below.ts.
 */
async function anyRow(
  tables: MongoTables,
  filter: Filter<LogRow>,
  matches: (write: FoundWrite) => boolean,
): Promise<boolean> {
  const projection = { n: 1, 'ops.p': 1, 'ops.v': 1, 'ops.pu': 1 }
  const search = async (): Promise<boolean> => {
    for await (const { n, ops } of tables.log.find(filter, { sort: { n: 1 }, projection, maxTimeMS: tables.readMs })) {
      const writes = ops.map(({ p, v, pu }) => ({
        path: p.split('/'),
        revision: Number(n),
        version: v,
        purged: pu === true,
      }))
      if (writes.some(matches)) return true
    }
    return false
  }
  return tables.call(search())
}

/**
 * Commits that wrote a path in a range. By `ops.p` an index of the array is read from one bound to its end, as two
 * elements may each meet a bound; so one element must meet both
 * (https://www.mongodb.com/docs/manual/core/multikey-index-bounds/).
 */
function opIn({ quirks }: MongoTables, { from, to }: KeyRange): Filter<LogRow> {
  const p = { $gte: from, $lt: to }
  return quirks.matchesElements ? { ops: { $elemMatch: { p } } } : { 'ops.p': p }
}

interface RevisionSpan {
  readonly since: Revision
  readonly upTo: Revision
}

/** Whether a commit in (since, upTo] wrote at or below a path. */
export async function wroteBelow(
  { tables, overlay }: MongoReader,
  below: Path,
  { since, upTo }: RevisionSpan,
): Promise<boolean> {
  const { from, to } = belowKeys(pathText(below))
  const paths = below.length === 0 ? {} : { $or: [{ 'ops.p': pathText(below) }, opIn(tables, { from, to })] }
  const filter: Filter<LogRow> = { t: overlay.scope, n: { $gt: since, $lte: upTo }, ...paths }
  return anyRow(tables, filter, ({ path }) => isWithin(path, below))
}

/** Names of the collections directly below a document, from the heads: one seek per collection and per nested one. */
async function namesInHeads(reader: MongoReader, document: Path): Promise<readonly string[]> {
  const { tables, tenants, overlay, deadline } = reader
  const above = document.length === 0 ? overlay.scope : `${overlay.scope}/${pathText(document)}`
  const { from: prefix, to: end } = belowKeys(above)
  const names: string[] = []
  for (let from = prefix; ;) {
    const filter: Filter<HeadRow> = { t: overlay.scope, _id: { $gte: from, $lt: end }, pu: { $ne: true } }
    const row = await tables.call(
      tables.heads.findOne(filter, { sort: { _id: 1 }, projection: { n: 1 }, maxTimeMS: tables.readMs }),
    )
    if (row === null) return names
    await tenants.reach(overlay, Number(row.n), deadline)
    if (overlay.newest(pathText(pathOfHead(overlay.scope, row._id)))?.purged === true) {
      from = keyAfter(row._id)
      continue
    }
    const { name, direct } = collectionInKey(prefix, row._id)
    if (direct) names.push(name)
    from = direct ? collectionKeys(overlay.scope, pathText([...document, name])).to : belowKeys(prefix + name).to
  }
}

/**
 * Whether a document of a collection had a version at a revision, and was not purged; below the floor, also whether one
 * may have had a version that was removed: its oldest one is not its first.
 */
async function existedAt(reader: MongoReader, collection: Path, at: Revision): Promise<boolean> {
  const { tables, overlay } = reader
  const { from, to } = belowKeys(pathText(collection))
  const before = at < overlay.floor ? {} : { n: { $lte: at } }
  const filter: Filter<LogRow> = { t: overlay.scope, ...opIn(tables, { from, to }), ...before }
  const seen = new Set<string>()
  return anyRow(tables, filter, ({ path, revision, version, purged }) => {
    if (path.length !== collection.length + 1 || !isWithin(path, collection)) return false
    const isFirstSeen = !seen.has(pathText(path))
    seen.add(pathText(path))
    if (purged || isErased(purgesOf(reader), path, revision)) return false
    return revision <= at || (isFirstSeen && version > 1)
  })
}

/** Names, in order, of the collections directly below a document in which a document had a version at a revision. */
export async function collectionNames(reader: MongoReader, document: Path, at: Revision): Promise<readonly string[]> {
  const { overlay } = reader
  const names = new Set<string>()
  for (const { path, purged } of overlay.newestAfter(overlay.applied)) {
    const isDirect = path.length === document.length + 2 && isWithin(path, document)
    if (isDirect && purged !== true) names.add(lastOf(parentOf(path)))
  }
  for (const name of await namesInHeads(reader, document)) names.add(name)
  const sorted = [...names].toSorted(compareText)
  if (at >= overlay.last) return sorted
  const existed = await mapConcurrent(sorted, (name) => existedAt(reader, [...document, name], at))
  return sorted.filter((_, i) => existed[i])
}
