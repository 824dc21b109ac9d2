import type { Key } from 'lmdb'
import type { Revision } from '../../../core/version.ts'
import { indexKeys, type IndexedCommit } from '../commit-index.ts'
import { documentKey, toDocumentKey, versionKey, type DocumentKey } from '../keys.ts'
import { encodeHead, revisionInHead } from '../rows.ts'
import type { VersionRow } from '../tables.ts'
import { HEAD_TABLES } from './documents.ts'
import { hasMark, isMeta, isTexts, isVersion, writesOf } from './log-line.ts'
import { jsonIn, rawValue, visitRows, type RawRow, type ScanOptions } from './row-scan.ts'
import { tenantOfKey, type VerifiedTenant, type VerifiedTenants } from './tenants.ts'

/** A row of the log that was read, and where the log of its tenant stands. */
interface LogPlace {
  readonly tenant: VerifiedTenant
  readonly revision: Revision
  readonly at: number
  readonly lines: readonly string[]
}

/**
 * Checks the log: revisions without a gap, times that never decrease, rows that parse, an id that finds
 * the commit, a location that finds each version, and a head that equals the newest version.
 */
export async function verifyLog(tenants: VerifiedTenants, options: ScanOptions): Promise<void> {
  const check = new LogCheck(tenants, options)
  await visitRows('log', options, (row) => check.row(row))
  check.end()
}

class LogCheck {
  readonly #tenants: VerifiedTenants
  readonly #options: ScanOptions
  /** The tenant whose rows are read; the tenants come one after the other. */
  #tenant: VerifiedTenant | null = null
  #last: Revision = 0
  #at = 0

  constructor(tenants: VerifiedTenants, options: ScanOptions) {
    this.#tenants = tenants
    this.#options = options
  }

  row({ key, value }: RawRow): void {
    const tenant = tenantOfKey(this.#tenants, 'log', { key, options: this.#options })
    if (tenant === null) return
    if (tenant !== this.#tenant) this.#begin(tenant)
    const revision = Number(key[1])
    tenant.expected.commits++
    this.#checkOrder(tenant, revision)
    const lines = value.toString().split('\n')
    const at = this.#checkCommit({ tenant, revision, lines })
    if (at !== null) this.#at = at
  }

  /** Checks what the end of the log says; tenants without a commit have none. */
  end(): void {
    this.#finish()
    for (const tenant of this.#tenants.values()) {
      if (tenant === null || tenant.expected.commits > 0 || tenant.row.last === 0) continue
      this.#add(tenant, `the log is empty, but its last revision is ${tenant.row.last}`)
    }
  }

  #begin(tenant: VerifiedTenant): void {
    this.#finish()
    this.#tenant = tenant
    this.#last = 0
    this.#at = 0
  }

  #finish(): void {
    const tenant = this.#tenant
    if (tenant === null) return
    const { last, at } = tenant.row
    if (this.#last === last) {
      if (this.#at !== at) this.#add(tenant, `its time is ${at}, but that of its last commit ${this.#at}`)
    } else {
      this.#add(tenant, `the log ends with ${this.#last}, but its last revision is ${last}`)
    }
  }

  /** Retention removes versions from commits, but no commit. */
  #checkOrder(tenant: VerifiedTenant, revision: Revision): void {
    const { last } = tenant.row
    const expected = this.#last + 1
    if (revision !== expected) this.#add(tenant, `revision ${revision} comes where ${expected} should`)
    if (revision === last + 1) this.#add(tenant, `revision ${revision} is behind the last one, ${last}`)
    this.#last = revision
  }

  /** Checks one commit; its time, or null when the row does not parse. */
  #checkCommit({ tenant, revision, lines }: Omit<LogPlace, 'at'>): number | null {
    const [metaLine, pathsLine, ...versions] = lines
    const [meta, paths] = [jsonIn(metaLine), jsonIn(pathsLine)]
    if (!isMeta(meta) || !isTexts(paths) || paths.length !== versions.length) {
      this.#add(tenant, `revision ${revision} does not parse`)
      return null
    }
    const [id, at, actor] = meta
    if (at < this.#at) this.#add(tenant, `revision ${revision} has the time ${at}, the one before ${this.#at}`)
    const found = jsonIn(rawValue(this.#options.reader, 'commits', [tenant.row.number, id]))
    if (found !== revision) this.#add(tenant, `the id of revision ${revision} finds ${String(found)}`)
    this.#checkIndexes(tenant, { revision, actor, writes: writesOf(paths, versions) })
    let offset = Buffer.byteLength(`${metaLine}\n${pathsLine}\n`)
    for (const [i, line] of versions.entries()) {
      const place = { tenant, revision, path: paths[i] ?? '', offset, line }
      this.#checkVersion(place, { revision, updatedAt: at, actor, commit: id })
      offset += Buffer.byteLength(line) + 1
    }
    return at
  }

  /** Above `indexed` the rows are made when a server opens the data. */
  #checkIndexes(tenant: VerifiedTenant, commit: IndexedCommit): void {
    if (commit.revision > (tenant.row.indexed ?? 0)) return
    for (const [table, key] of indexKeys(tenant.row.number, commit)) {
      tenant.expected[table]++
      if (this.#value(table, key) === undefined) this.#add(tenant, `revision ${commit.revision} is not in ${table}`)
    }
  }

  #checkVersion(place: VersionPlace, meta: Parameters<typeof encodeHead>[1]): void {
    const { tenant, revision, path, offset, line } = place
    tenant.expected.versions++
    const what = `revision ${revision}, ${path}`
    const version = jsonIn(line)
    if (!isVersion(version)) return this.#add(tenant, `${what}: the version does not parse`)
    const document = toDocumentKey(tenant.row.number, path.split('/'))
    const location = jsonIn(this.#value('versions', versionKey(document, revision))) as VersionRow | undefined
    const bytes = Buffer.byteLength(line)
    const expected: VersionRow = hasMark(version) ? [version[0], offset, bytes, 1] : [version[0], offset, bytes]
    if (JSON.stringify(location) !== JSON.stringify(expected)) {
      this.#add(tenant, `${what}: is at ${JSON.stringify(expected)}, but located at ${JSON.stringify(location)}`)
    }
    const table = hasMark(version) ? 'purged' : version[1] === 'DELETE' ? 'tombs' : 'heads'
    const fault = this.#headFault(document, table, encodeHead(line, meta))
    if (fault !== null) this.#add(tenant, `${what}: ${fault}`)
  }

  /** A clause about a document whose head is neither the version `head`, in `table`, nor a later one; else null. */
  #headFault(document: DocumentKey, table: string, head: string): string | null {
    const key = documentKey(document)
    const found = HEAD_TABLES.filter((each) => this.#value(each, key) !== undefined)
    if (found.length > 1) return `has heads in ${found.join(' and ')}`
    const [foundIn = ''] = found
    const row = this.#value(foundIn, key)?.toString()
    if (row === undefined) return 'has no head'
    const [stored, own] = [revisionInHead(row), revisionInHead(head)]
    if (stored > own) return null
    if (row !== head) return stored < own ? `its head is of revision ${stored}` : 'its head is another version'
    return foundIn === table ? null : 'its head is in the wrong table'
  }

  #value(table: string, key: Key): Buffer | undefined {
    return rawValue(this.#options.reader, table, key)
  }

  #add(tenant: VerifiedTenant, fault: string): void {
    this.#options.violations.add(`${tenant.name}: ${fault}`)
  }
}

/** A version in the log: its line, and where that begins. */
interface VersionPlace {
  readonly tenant: VerifiedTenant
  readonly revision: Revision
  readonly path: string
  readonly offset: number
  readonly line: string
}
