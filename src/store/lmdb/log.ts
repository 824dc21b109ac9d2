import type { Commit } from '../../core/commit.ts'
import type { Millis, Revision, Version } from '../../core/version.ts'
import type { LogPage, LogRange } from '../store.ts'
import { pathOf, type Place } from './keys.ts'
import { cut, type Sized } from './page.ts'
import { decodeCommit, decodeVersion, timeInRow } from './rows.ts'
import type { Tables, TenantRow, VersionRow } from './tables.ts'

/** The row of a commit; valid until the next read of any table, whose buffer it shares. */
export function readRow(tables: Tables, tenant: TenantRow, revision: Revision): Buffer {
  const row = tables.log.getBinaryFast([tenant.number, revision])
  if (row === undefined) throw new Error(`The log of tenant ${tenant.number} has no commit ${revision}.`)
  return row
}

export function readCommit(tables: Tables, tenant: TenantRow, revision: Revision): Commit {
  return decodeCommit(readRow(tables, tenant, revision), revision)
}

/** The version that the commit `revision` made of the document at `place`. */
export function readVersion(tables: Tables, tenant: TenantRow, place: Place, found: Found): Version {
  return decodeVersion(pathOf(place), readRow(tables, tenant, found.revision), found.revision, found.row)
}

/** A row of `versions` and the revision in its key. */
export interface Found {
  readonly revision: Revision
  readonly row: VersionRow
}

export function readLog(tables: Tables, tenant: TenantRow, range: LogRange): LogPage {
  const { floor, last, epoch } = tenant
  const { rows } = cut(sizedCommits(tables, tenant, range), range)
  return { commits: rows, floor, last, epoch }
}

function* sizedCommits(tables: Tables, tenant: TenantRow, { after, before = Infinity, reverse }: LogRange): Generator<Sized<Commit>> {
  const low = Math.max(after, tenant.floor) + 1
  const high = Math.min(before - 1, tenant.last)
  const step = reverse === true ? -1 : 1
  for (let revision = step > 0 ? low : high; revision >= low && revision <= high; revision += step) {
    const row = readRow(tables, tenant, revision)
    yield [() => decodeCommit(row, revision), row.length]
  }
}

/** Binary search over the times of the log, which never run backwards; 0 when all are later than `time`. */
export function revisionAt(tables: Tables, tenant: TenantRow, time: Millis): Revision {
  if (tenant.last === 0 || tenant.at <= time) return tenant.last
  let [low, high] = [tenant.floor, tenant.last - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (timeInRow(readRow(tables, tenant, middle)) <= time) low = middle
    else high = middle - 1
  }
  return low
}
