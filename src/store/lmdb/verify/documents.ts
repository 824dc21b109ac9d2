import type { Key } from 'lmdb'
import type { Revision } from '../../../core/version.ts'
import { documentKey, versionKey, type DocumentKey } from '../keys.ts'
import { revisionInHead, versionInHead } from '../rows.ts'
import type { ErasureRow } from '../tables.ts'
import { jsonIn, rawValue, visitRows, type RawRow, type ScanOptions } from './row-scan.ts'
import { tenantOfKey, type VerifiedTenant, type VerifiedTenants } from './tenants.ts'

/** The tables of heads: of documents that are there, deleted, purged. */
export const HEAD_TABLES = ['heads', 'tombs', 'purged'] as const

/**
 * Checks the documents: versions without a gap from the first that is kept, each in the log; exactly one head, in one
 * of HEAD_TABLES, that is at the newest version; no head without a version; no content before a mark, unless a row of
 * `erasures` says that it is to be erased; and no such row without its purge.
 */
export async function verifyDocuments(tenants: VerifiedTenants, options: ScanOptions): Promise<void> {
  const check = new DocumentCheck(tenants, options)
  await visitRows('versions', options, (row) => check.location(row))
  check.finish()
  for (const table of HEAD_TABLES) {
    if (!isMissing(table, options)) await visitRows(table, options, (row) => check.head(row, table))
  }
  if (!isMissing('erasures', options)) await visitRows('erasures', options, (row) => check.erasure(row))
}

/** Whether data that no release with purges has opened lacks a table that they need. */
function isMissing(table: string, { reader }: ScanOptions): boolean {
  return (table === 'purged' || table === 'erasures') && !reader.tables.has(table)
}

/** A document, and the newest of its versions that was read. */
interface ScannedDocument {
  readonly tenant: VerifiedTenant
  readonly key: DocumentKey
  readonly version: number
  readonly revision: Revision
  /** The oldest version with content; 0: none has. */
  readonly content: Revision
  /** The newest mark behind it; 0: there is none. */
  readonly mark: Revision
}

class DocumentCheck {
  readonly #tenants: VerifiedTenants
  readonly #options: ScanOptions
  #current: ScannedDocument | null = null

  constructor(tenants: VerifiedTenants, options: ScanOptions) {
    this.#tenants = tenants
    this.#options = options
  }

  location({ key, value }: RawRow): void {
    const tenant = tenantOfKey(this.#tenants, 'versions', { key, options: this.#options })
    if (tenant === null) return
    tenant.found.versions++
    const document = documentIn(tenant, key)
    const revision = Number(key[3])
    const row = jsonIn(value)
    const version = Array.isArray(row) ? Number(row[0]) : NaN
    const before = this.#current
    const isSame = before !== null && isSameDocument(before.key, document)
    if (!isSame) this.finish()
    const newest = isSame ? before.version : 0
    // Retention removes the oldest versions, but not the newest at the floor.
    const mayLack = !isSame && version > 1 && revision <= tenant.row.floor
    if (version !== newest + 1 && !mayLack) {
      this.#add(tenant, `${textOf(document)}: version ${version} comes where ${newest + 1} should`)
    }
    const { content, mark } = isSame ? before : { content: 0, mark: 0 }
    const isMark = Array.isArray(row) && row[3] === 1
    const place = { tenant, key: document, version, revision }
    if (isMark) this.#current = { ...place, content, mark: content > 0 ? revision : mark }
    else this.#current = { ...place, content: content === 0 ? revision : content, mark }
  }

  /** Checks the head of the document whose versions were all read. */
  finish(): void {
    const current = this.#current
    if (current === null) return
    this.#current = null
    const { tenant, key, version, revision } = current
    this.#checkErased(current)
    const found = HEAD_TABLES.filter((table) => this.#value(table, documentKey(key)) !== undefined)
    const [table] = found
    if (table === undefined) return this.#add(tenant, `${textOf(key)}: has no head`)
    if (found.length > 1) this.#add(tenant, `${textOf(key)}: has heads in ${found.join(' and ')}`)
    const head = String(this.#value(table, documentKey(key)))
    if (versionInHead(head) === version && revisionInHead(head) === revision) return
    this.#add(tenant, `${textOf(key)}: its head is version ${versionInHead(head)}, but its newest is ${version}`)
  }

  /** Content before a mark is to be erased, and not behind where the erasure is. */
  #checkErased({ tenant, key, content, mark }: ScannedDocument): void {
    if (mark === 0) return
    const row = jsonIn(this.#value('erasures', documentKey(key)))
    const [purge, upTo] = isErasure(row) ? row : [0, 0]
    if (purge >= mark && upTo < content) return
    this.#add(tenant, `${textOf(key)}: was purged in revision ${mark}, but has the content of revision ${content}`)
  }

  erasure({ key, value }: RawRow): void {
    const tenant = tenantOfKey(this.#tenants, 'erasures', { key, options: this.#options })
    if (tenant === null) return
    const document = documentIn(tenant, key)
    const row = jsonIn(value)
    if (!isErasure(row)) return this.#add(tenant, `${textOf(document)}: its erasure does not parse`)
    const location = jsonIn(this.#value('versions', versionKey(document, row[0])))
    if (Array.isArray(location) && location[3] === 1) return
    this.#add(tenant, `${textOf(document)}: is to be erased up to revision ${row[0]}, which did not purge it`)
  }

  head({ key, value }: RawRow, table: (typeof HEAD_TABLES)[number]): void {
    const tenant = tenantOfKey(this.#tenants, table, { key, options: this.#options })
    if (tenant === null) return
    if (table === 'heads') tenant.documents++
    else tenant.deleted++
    const document = documentIn(tenant, key)
    const head = value.toString()
    if (jsonIn(head) === undefined) return this.#add(tenant, `${textOf(document)}: its head does not parse`)
    const location = this.#value('versions', versionKey(document, revisionInHead(head)))
    if (location === undefined) this.#add(tenant, `${textOf(document)}: has a head, but not that version`)
  }

  #value(table: string, key: Key): Buffer | undefined {
    return rawValue(this.#options.reader, table, key)
  }

  #add(tenant: VerifiedTenant, fault: string): void {
    this.#options.violations.add(`${tenant.name}: ${fault}`)
  }
}

/** The document of a key, whatever a damaged row has in the place of texts. */
function documentIn({ row }: VerifiedTenant, key: RawRow['key']): DocumentKey {
  return { tenant: row.number, collection: String(key[1]), id: String(key[2]) }
}

function isErasure(row: unknown): row is ErasureRow {
  return Array.isArray(row) && row.length === 2 && row.every((each) => Number.isSafeInteger(each))
}

function isSameDocument(a: DocumentKey, b: DocumentKey): boolean {
  return a.tenant === b.tenant && a.collection === b.collection && a.id === b.id
}

function textOf({ collection, id }: DocumentKey): string {
  return `${collection}/${id}`
}
