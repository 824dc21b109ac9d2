import { DatabaseError } from '../../core/error.ts'
import { parentOf, pathText, type Path } from '../../core/path.ts'
import { concrete } from '../../core/pattern.ts'
import { namesCollection, ruleOf, type Retention, type RetentionRule } from '../../core/retention/rules.ts'
import type { Millis } from '../../core/version.ts'
import { chunks } from '../../store/page.ts'
import type { Range, Store, TenantId } from '../../store/store.ts'
import { RETENTION_ACTOR } from '../shape/render.ts'
import { SEARCH_SLICE } from '../time/bounded-search.ts'
import type { Request } from '../write/request.ts'
import { OldestDocuments, type ExpiryCandidate } from './oldest-documents.ts'
import type { Pace } from './pace.ts'

/** Documents that one commit deletes. */
const COMMIT_DOCUMENTS = 500
/** Documents whose nested collections are looked up at once. */
const PARENTS_AT_ONCE = 64

interface ExpirerOptions {
  readonly store: Store
  readonly tenant: TenantId
  readonly retention: Retention
  readonly pace: Pace
  readonly now: () => Millis
  /** Called before documents are deleted; false: another process does it. */
  readonly mayWrite: () => Promise<boolean>
  readonly commit: (request: Request) => Promise<unknown>
  readonly onExpired: (documents: number) => void
}

/** The result of one pass over the collections of a rule. */
interface ExpiryPass {
  /** Whether more documents have to go: then another pass is to be made. */
  readonly more: boolean
  /** When the next document becomes too old, ms since 1970. */
  readonly nextAt: Millis
}

/** Deletes the documents that a retention does not keep. */
export class Expirer {
  readonly #options: ExpirerOptions

  constructor(options: ExpirerOptions) {
    this.#options = options
  }

  /** Looks at all documents of a rule's collections, in slices, and deletes those beyond its bound. */
  async pass(rule: RetentionRule): Promise<ExpiryPass> {
    const { store, tenant, pace } = this.#options
    let result: ExpiryPass = { more: false, nextAt: Infinity }
    let current = { collection: '', oldest: new OldestDocuments() }
    const finish = async (): Promise<void> => {
      const { more, nextAt } = await this.#expire(rule, current.oldest)
      result = { more: result.more || more, nextAt: Math.min(result.nextAt, nextAt) }
    }
    for (let range: Range | null = rangeOf(rule); range !== null;) {
      const page = await pace.step(() => store.list(tenant, range as Range))
      for (const version of page.rows) {
        const collection = pathText(parentOf(version.path))
        if (!this.#isOf(rule, version.path)) continue
        // In key order, the documents of a collection lie together.
        if (collection !== current.collection) {
          await finish()
          current = { collection, oldest: new OldestDocuments() }
        }
        current.oldest.add(version)
      }
      range = page.next === undefined ? null : { ...range, after: page.next }
    }
    await finish()
    return result
  }

  #isOf(rule: RetentionRule, document: Path): boolean {
    return namesCollection(rule.pattern, parentOf(document)) && ruleOf(this.#options.retention, document) === rule
  }

  async #expire({ documents: bound }: RetentionRule, oldest: OldestDocuments): Promise<ExpiryPass> {
    if (bound === null) return { more: false, nextAt: Infinity }
    const { documents, more, nextAt } = oldest.beyond(bound, this.#options.now())
    for (const chunk of chunks(documents, PARENTS_AT_ONCE)) {
      if (!(await this.#delete(chunk))) return { more: true, nextAt }
    }
    return { more, nextAt }
  }

  /** Deletes documents with everything below them; false when another process does it. */
  async #delete(documents: readonly ExpiryCandidate[]): Promise<boolean> {
    const { store, tenant, pace } = this.#options
    const paths = documents.map(({ path }) => path)
    const names = await pace.step(() => store.collections(tenant, paths))
    let batch: ExpiryCandidate[] = []
    let size = 0
    for (const [i, document] of documents.entries()) {
      const nested = names[i]?.length === 0 ? 0 : await this.#thinOut(document.path)
      if (nested === null) return false
      if (size + nested + 1 > COMMIT_DOCUMENTS && batch.length > 0) {
        if (!(await this.#commit(batch))) return false
        ;[batch, size] = [[], 0]
      }
      batch.push(document)
      size += nested + 1
    }
    return batch.length === 0 || this.#commit(batch)
  }

  /**
   * Deletes documents below a document until the rest fits into one commit with it; the number of that rest, or null
   * when another process does it.
   */
  async #thinOut(root: Path): Promise<number | null> {
    const { store, tenant, pace } = this.#options
    const limit = { ...SEARCH_SLICE, rows: COMMIT_DOCUMENTS }
    for (;;) {
      // From the back: nested collections come after those above them, so leaves go first.
      const range: Range = { kind: 'below', path: root, reverse: true, limit }
      const { rows, more } = await pace.step(() => store.list(tenant, range))
      if (!more && rows.length < COMMIT_DOCUMENTS) return rows.length
      if (!(await this.#commit(rows.toReversed()))) return null
    }
  }

  /** One commit. A document that was written meanwhile is left to the next pass. */
  async #commit(documents: readonly Pick<ExpiryCandidate, 'path' | 'version'>[]): Promise<boolean> {
    const { pace, mayWrite, commit, onExpired } = this.#options
    let remaining = documents
    while (remaining.length > 0) {
      if (!(await mayWrite())) return false
      const request = requestOf(remaining)
      try {
        await pace.step(() => commit(request))
        onExpired(remaining.length)
        return true
      } catch (error) {
        const written = writtenMeanwhile(error)
        if (written === null) throw error
        remaining = remaining.filter(({ path }) => pathText(path) !== written)
      }
    }
    return true
  }
}

function rangeOf({ pattern }: RetentionRule): Range {
  const path = concrete(pattern)
  return { kind: path.length === pattern.length ? 'collection' : 'below', path, limit: SEARCH_SLICE }
}

function requestOf(documents: readonly Pick<ExpiryCandidate, 'path' | 'version'>[]): Request {
  return {
    operations: documents.map(({ path, version }) => ({ kind: 'delete', path, expect: { version } })),
    checks: [],
    key: undefined,
    actor: RETENTION_ACTOR,
  }
}

/** The path of the document that an expectation failed for, as another write changed or deleted it. */
function writtenMeanwhile(error: unknown): string | null {
  if (!(error instanceof DatabaseError) || (error.code !== 'CONFLICT' && error.code !== 'NOT_FOUND')) return null
  const { path } = error.details
  return typeof path === 'string' ? path : null
}
