import { tooLarge, type Limits } from '../../../core/limits.ts'
import { isDocumentPath, pathText, type Path } from '../../../core/path.ts'
import { jsonBytes } from '../../../core/json/value.ts'
import type { Revision, Version } from '../../../core/version.ts'
import { chunks } from '../../../store/page.ts'
import type { Limit, Range } from '../../../store/store.ts'
import { remainingRange } from '../matching.ts'
import { TimeSlice } from '../../time/time-slice.ts'
import { SEARCH_SLICE } from '../../time/bounded-search.ts'
import type { TenantContext } from '../../log/tenant-context.ts'

/** Documents whose nested collections are read in one call. */
const PARENTS_PER_CALL = 64
/** Collections that are read concurrently, with one search slice for all of them. */
const MAX_COLLECTIONS_AT_ONCE = 8

interface BelowRead {
  /** Levels of collections, from 1. */
  readonly levels: number
  readonly revision: Revision
  /** Bytes that the result holds already. */
  readonly bytes: number
}

/**
 * The live documents below a path, those of each collection in order. Throws TOO_LARGE instead of a part of them.
 * Unbounded levels are read as one range; bounded ones level by level, so that deeper documents cost nothing.
 */
export async function documentsBelow(
  context: TenantContext,
  root: Path,
  { levels, revision, bytes }: BelowRead,
): Promise<readonly Version[]> {
  const reading = new BelowReading(context, revision, new GatheredDocuments(context.limits, root, bytes))
  if (levels === Infinity) return reading.range({ kind: 'below', path: root, limit: SEARCH_SLICE })
  let collections = isDocumentPath(root) ? await reading.nested([root]) : [root]
  for (let level = 1; ; level++) {
    const documents = await reading.all(collections)
    if (level === levels || documents.length === 0) return reading.result.documents
    collections = await reading.nested(documents.map(({ path }) => path))
  }
}

/** Reads parts of the state of one revision into one result. */
class BelowReading {
  readonly #context: TenantContext
  readonly #revision: Revision
  readonly #timeSlice: TimeSlice
  readonly result: GatheredDocuments

  constructor(context: TenantContext, revision: Revision, gathered: GatheredDocuments) {
    this.#context = context
    this.#revision = revision
    this.#timeSlice = new TimeSlice(context.readMs)
    this.result = gathered
  }

  /** The documents of a range, read in slices of its limit. */
  async range(range: Range): Promise<readonly Version[]> {
    const { store, tenant } = this.#context
    const documents: Version[] = []
    for (let remaining = range; ; await this.#timeSlice.yieldOrTimeOut()) {
      const { rows, next } = await store.list(tenant, remaining, this.#revision)
      if (this.#timeSlice.isLong) await this.#timeSlice.nextTurn()
      this.result.add(rows)
      documents.push(...rows)
      if (next === undefined) return documents
      remaining = remainingRange(remaining, next)
    }
  }

  /** The documents of these collections, without those nested deeper. */
  async all(collections: readonly Path[]): Promise<readonly Version[]> {
    const documents: Version[] = []
    for (const [i, chunk] of chunks(collections, MAX_COLLECTIONS_AT_ONCE).entries()) {
      if (i > 0) await this.#timeSlice.yieldOrTimeOut()
      const limit: Limit = {
        rows: Math.ceil(SEARCH_SLICE.rows / chunk.length),
        bytes: Math.ceil(SEARCH_SLICE.bytes / chunk.length),
      }
      const read = await Promise.all(chunk.map((path) => this.range({ kind: 'collection', path, limit })))
      documents.push(...read.flat())
    }
    return documents
  }

  /** The collections directly below these documents. */
  async nested(documents: readonly Path[]): Promise<readonly Path[]> {
    const { store, tenant } = this.#context
    const collections: Path[] = []
    for (const [k, chunk] of chunks(documents, PARENTS_PER_CALL).entries()) {
      if (k > 0) await this.#timeSlice.yieldOrTimeOut()
      const names = await store.collections(tenant, chunk, this.#revision)
      collections.push(...chunk.flatMap((document, i) => (names[i] ?? []).map((name) => [...document, name])))
    }
    return collections
  }
}

/** The documents of one result, bounded in number and bytes. */
class GatheredDocuments {
  readonly #limits: Limits
  readonly #root: Path
  readonly documents: Version[] = []
  #bytes: number

  constructor(limits: Limits, root: Path, bytes: number) {
    this.#limits = limits
    this.#root = root
    this.#bytes = bytes
  }

  /** Throws TOO_LARGE. */
  add(versions: readonly Version[]): void {
    this.documents.push(...versions)
    for (const { value } of versions) this.#bytes += jsonBytes(value)
    const { documents: max, pageBytes } = this.#limits
    const advice = 'read its collections page by page with documents, or ask for fewer levels with depth'
    if (this.documents.length > max) {
      throw tooLarge('documents', max, `More than ${max} documents lie at ${pathText(this.#root)} (${advice})`)
    }
    if (this.#bytes > pageBytes) {
      throw tooLarge(
        'pageBytes',
        pageBytes,
        `What lies at ${pathText(this.#root)} is larger than one answer may be (${advice})`,
      )
    }
  }
}
