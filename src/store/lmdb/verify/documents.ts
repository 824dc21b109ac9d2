import type { Revision } from '../../../core/version.ts'
import { documentKey, versionKey, type DocumentKey } from '../keys.ts'
import { revisionInHead, versionInHead } from '../rows.ts'
import { jsonIn, rawValue, visitRows, type RawRow, type ScanOptions } from './row-scan.ts'
import { tenantOfKey, type VerifiedTenant, type VerifiedTenants } from './tenants.ts'

/**
 * Checks the documents: versions without a gap from the first that is kept, each in the log; exactly one head, in
 * `heads` or `tombs`, that is at the newest version; and no head without a version.
 */
export async function verifyDocuments(tenants: VerifiedTenants, options: ScanOptions): Promise<void> {
  const check = new DocumentCheck(tenants, options)
  await visitRows('versions', options, (row) => check.location(row))
  check.finish()
  await visitRows('heads', options, (row) => check.head(row, 'heads'))
  await visitRows('tombs', options, (row) => check.head(row, 'tombs'))
}

/** A document, and the newest of its versions that was read. */
interface ScannedDocument {
  readonly tenant: VerifiedTenant
  readonly key: DocumentKey
  readonly version: number
  readonly revision: Revision
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
    const [newest, since] = isSame ? [before.version, before.revision] : [0, 0]
    // Retention may have removed versions behind one that is not above the floor.
    const mayLack = version > newest && tenant.row.floor > 0 && since <= tenant.row.floor
    if (version !== newest + 1 && !mayLack) {
      this.#add(tenant, `${textOf(document)}: version ${version} comes where ${newest + 1} should`)
    }
    this.#current = { tenant, key: document, version, revision }
  }

  /** Checks the head of the document whose versions were all read. */
  finish(): void {
    const current = this.#current
    if (current === null) return
    this.#current = null
    const { tenant, key, version, revision } = current
    const found = ['heads', 'tombs'].flatMap((table) => rawValue(this.#options.reader, table, documentKey(key)) ?? [])
    const [head] = found.map(String)
    if (head === undefined) return this.#add(tenant, `${textOf(key)}: has no head`)
    if (found.length > 1) this.#add(tenant, `${textOf(key)}: is both there and deleted`)
    if (versionInHead(head) === version && revisionInHead(head) === revision) return
    this.#add(tenant, `${textOf(key)}: its head is version ${versionInHead(head)}, but its newest is ${version}`)
  }

  head({ key, value }: RawRow, table: 'heads' | 'tombs'): void {
    const tenant = tenantOfKey(this.#tenants, table, { key, options: this.#options })
    if (tenant === null) return
    if (table === 'heads') tenant.documents++
    else tenant.deleted++
    const document = documentIn(tenant, key)
    const head = value.toString()
    if (jsonIn(head) === undefined) return this.#add(tenant, `${textOf(document)}: its head does not parse`)
    const location = rawValue(this.#options.reader, 'versions', versionKey(document, revisionInHead(head)))
    if (location === undefined) this.#add(tenant, `${textOf(document)}: has a head, but not that version`)
  }

  #add(tenant: VerifiedTenant, fault: string): void {
    this.#options.violations.add(`${tenant.name}: ${fault}`)
  }
}

/** The document of a key, whatever a damaged row has in the place of texts. */
function documentIn({ row }: VerifiedTenant, key: RawRow['key']): DocumentKey {
  return { tenant: row.number, collection: String(key[1]), id: String(key[2]) }
}

function isSameDocument(a: DocumentKey, b: DocumentKey): boolean {
  return a.tenant === b.tenant && a.collection === b.collection && a.id === b.id
}

function textOf({ collection, id }: DocumentKey): string {
  return `${collection}/${id}`
}
