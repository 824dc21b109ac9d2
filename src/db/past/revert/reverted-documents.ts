import type { Commit } from '../../../core/commit.ts'
import type { ActorPeriod, RevertSelection } from '../../../core/database.ts'
import type { Timestamp } from '../../../core/database/options.ts'
import { historyExpired } from '../../../core/cursor.ts'
import { badArgument, DatabaseError } from '../../../core/error.ts'
import { tooLarge, type Limits } from '../../../core/limits.ts'
import { pathText, utf8Length, type Path } from '../../../core/path.ts'
import { concrete, matchesPrefix, parsePatterns, type Pattern } from '../../../core/pattern.ts'
import { parseTimestamp } from '../../../core/timestamp.ts'
import { jsonBytes } from '../../../core/json/value.ts'
import type { Revision, Version } from '../../../core/version.ts'
import { chunks } from '../../../store/page.ts'
import type { LogRange } from '../../../store/store.ts'
import { parsePeriod } from '../../read/period.ts'
import type { TenantContext } from '../../log/tenant-context.ts'
import { SEARCH_SLICE } from '../../time/bounded-search.ts'
import { TimeSlice } from '../../time/time-slice.ts'
import { isWritable } from '../../write/request.ts'
import { leafEditSteps, type LeafEdit } from './leaf-edits.ts'
import { documentReversal, type DocumentReversal, type RevertedVersion } from './document-reversal.ts'

/** Commits before which their documents are read, together. */
const COMMITS_AT_ONCE = 16
/** Documents that are read in one call. */
const HEADS_PER_CALL = 16

/** A document with the versions of it that are reverted, newest first. */
export interface RevertedDocument {
  readonly path: Path
  readonly versions: readonly RevertedVersion[]
  readonly reversal: DocumentReversal
}

/** The writes that a `revert` takes back. */
export type ParsedSelection =
  | { readonly kind: 'commit'; readonly id: string }
  | {
      readonly kind: 'actor'
      readonly actor: string
      readonly from: Timestamp | undefined
      readonly to: Timestamp | undefined
      /** Null: everything. */
      readonly patterns: readonly Pattern[] | null
    }

/** Parses the selection of `revert`. Throws BAD_REQUEST, INVALID_PATH or TOO_LARGE. */
export function parseSelection(what: RevertSelection, limits: Limits): ParsedSelection {
  const [entry, ...others] = Object.entries(what).filter(([, value]) => value !== undefined && value !== null)
  if (entry === undefined || others.length > 0 || !['commit', 'actor'].includes(entry[0])) {
    throw badArgument('what', 'What to revert is exactly one of: commit, actor.')
  }
  return 'commit' in what && what.commit !== undefined
    ? { kind: 'commit', id: what.commit }
    : parseActorPeriod((what as { readonly actor: ActorPeriod }).actor, limits)
}

function parseActorPeriod({ actor, from, to, paths }: ActorPeriod, limits: Limits): ParsedSelection {
  if (typeof actor !== 'string' || actor === '') {
    throw badArgument('what.actor.actor', 'Name the actor whose writes are to be reverted.')
  }
  return {
    kind: 'actor',
    actor,
    from: from && inUtc(from, 'what.actor.from'),
    to: to && inUtc(to, 'what.actor.to'),
    patterns: paths === undefined ? null : parsePatterns(paths, limits),
  }
}

function inUtc(text: Timestamp, argument: string): Timestamp {
  return new Date(parseTimestamp(text, argument)).toISOString()
}

/**
 * The documents that a selection wrote, with what its versions changed. Throws NOT_FOUND for a commit that is not
 * there, TOO_LARGE for more than one revert may take back, TIMEOUT.
 */
export async function revertedDocuments(
  context: TenantContext,
  selection: ParsedSelection,
): Promise<readonly RevertedDocument[]> {
  const gathering = new RevertGathering(context, selection.kind === 'commit' ? null : selection.patterns)
  if (selection.kind === 'commit') await gathering.add([await commitOf(context, selection.id)])
  else await gatherPeriod(context, selection, gathering)
  return gathering.documents()
}

async function commitOf({ store, tenant, limits }: TenantContext, id: string): Promise<Commit> {
  // No commit has a longer id, and no store takes a key of any length.
  const [commit = null] = utf8Length(id) > limits.keyBytes ? [] : await store.find(tenant, [id])
  if (commit !== null) return commit
  throw new DatabaseError('NOT_FOUND', `There is no commit with the id ${JSON.stringify(id.slice(0, 200))}.`)
}

/** Reads the commits of a period from the newest on. */
async function gatherPeriod(
  context: TenantContext,
  selection: ParsedSelection & { readonly kind: 'actor' },
  gathering: RevertGathering,
): Promise<void> {
  const { store, tenant, readMs } = context
  const timeSlice = new TimeSlice(readMs)
  for (let range: LogRange | null = await rangeOf(context, selection); range !== null;) {
    const { commits, next }: Awaited<ReturnType<typeof store.log>> = await store.log(tenant, range)
    await gathering.add(commits.toReversed())
    range = next === undefined ? null : { ...range, before: next }
    if (range !== null) await timeSlice.yieldOrTimeOut()
  }
}

async function rangeOf(
  context: TenantContext,
  { actor, patterns, ...period }: ParsedSelection & { readonly kind: 'actor' },
): Promise<LogRange> {
  const { from, to } = await parsePeriod(context, period)
  const before = to === null ? undefined : to + 1
  // Below the floor a commit may have lost the versions by which it would be found.
  const below = from < context.tail.floor ? undefined : rootsOf(patterns)
  return { after: from, before, actor, below, reverse: true, limit: SEARCH_SLICE }
}

/** Documents or collections in which all matches lie: the first two segments, as a longer pattern may name a field. */
function rootsOf(patterns: readonly Pattern[] | null): readonly Path[] | undefined {
  const roots = patterns?.map((pattern) => concrete(pattern).slice(0, 2))
  return roots === undefined || roots.some((root) => root.length === 0) ? undefined : roots
}

/** Gathers the versions of commits, given from the newest on, up to what one revert may take back. */
class RevertGathering {
  readonly #context: TenantContext
  readonly #patterns: readonly Pattern[] | null
  readonly #documents = new Map<string, { readonly path: Path; readonly versions: RevertedVersion[] }>()
  readonly #timeSlice: TimeSlice
  #versions = 0
  #bytes = 0

  constructor(context: TenantContext, patterns: readonly Pattern[] | null) {
    this.#context = context
    this.#patterns = patterns
    this.#timeSlice = new TimeSlice(context.readMs)
  }

  async documents(): Promise<readonly RevertedDocument[]> {
    const documents: RevertedDocument[] = []
    for (const each of this.#documents.values()) {
      documents.push({ ...each, reversal: await this.#timeSlice.run(documentReversal(each.versions)) })
      if (this.#timeSlice.isLong) await this.#timeSlice.yieldOrTimeOut()
    }
    return documents
  }

  /** Throws HISTORY_EXPIRED for a commit of which retention removed something. */
  async add(commits: readonly Commit[]): Promise<void> {
    if (commits.some(({ thinned }) => thinned === true)) throw historyExpired(this.#context.tail)
    for (const chunk of chunks(commits, COMMITS_AT_ONCE)) {
      const before = await this.#valuesBefore(chunk)
      const versions = chunk.flatMap((commit, k) => commit.versions.map((version) => ({ version, before: before[k] })))
      for (const each of versions) {
        await this.#addVersion(each.version, each.before?.get(pathText(each.version.path)) ?? null)
        if (this.#timeSlice.isLong) await this.#timeSlice.yieldOrTimeOut()
      }
    }
  }

  /** For each commit the documents that it changed or deleted, as they were before it. */
  async #valuesBefore(commits: readonly Commit[]): Promise<readonly ReadonlyMap<string, Version | null>[]> {
    const { store, tenant } = this.#context
    const before = commits.map(() => new Map<string, Version | null>())
    const parts: { readonly commit: number; readonly at: Revision; readonly paths: readonly Path[] }[] = []
    for (const [commit, { revision, versions }] of commits.entries()) {
      if (this.#timeSlice.isLong) await this.#timeSlice.yieldOrTimeOut()
      const paths = versions.filter((each) => each.type !== 'NEW' && this.#matches(each)).map(({ path }) => path)
      for (const part of chunks(paths, HEADS_PER_CALL)) parts.push({ commit, at: revision - 1, paths: part })
    }
    await this.#timeSlice.reads(parts, async ({ commit, at, paths }) => {
      const { rows } = await store.heads(tenant, paths, at)
      for (const [i, path] of paths.entries()) before[commit]?.set(pathText(path), rows[i] ?? null)
    })
    return before
  }

  /** Marks of purged versions have nothing to go back to, and the records of the system are left alone. */
  #matches({ path, purged }: Version): boolean {
    if (purged === true || !isWritable(path)) return false
    return this.#patterns === null || this.#patterns.some((pattern) => matchesPrefix(pattern, path))
  }

  async #addVersion(version: Version, before: Version | null): Promise<void> {
    const reverted = this.#matches(version) ? await this.#select(version, before) : null
    if (reverted === null) return
    const text = pathText(version.path)
    const document = this.#documents.get(text) ?? { path: version.path, versions: [] }
    document.versions.push(reverted)
    this.#documents.set(text, document)
    await this.#timeSlice.run(this.#count(reverted))
  }

  /** The version, or the edits in it that a pattern of fields names; null: nothing of it is selected. */
  async #select({ path, type, version, value }: Version, before: Version | null): Promise<RevertedVersion | null> {
    const fieldPatterns = this.#fieldPatterns(path)
    switch (type) {
      case 'NEW':
        return fieldPatterns === null ? { kind: 'NEW', version } : null
      case 'DELETE':
        return fieldPatterns === null ? { kind: 'DELETE', version, before: before?.value ?? null } : null
      case 'UPDATE': {
        const all = await this.#timeSlice.run(leafEditSteps(before?.value ?? null, value))
        const edits = fieldPatterns === null ? all : all.filter((edit) => isNamed(edit, fieldPatterns))
        return fieldPatterns !== null && edits.length === 0 ? null : { kind: 'UPDATE', version, edits }
      }
    }
  }

  /** The parts of the patterns inside the document's value; null when a pattern names the whole document. */
  #fieldPatterns(path: Path): readonly Pattern[] | null {
    const matching = this.#patterns?.filter((pattern) => matchesPrefix(pattern, path)) ?? []
    if (this.#patterns === null || matching.some((pattern) => pattern.length <= path.length)) return null
    return matching.map((pattern) => pattern.slice(path.length))
  }

  *#count(reverted: RevertedVersion): Generator<undefined, void> {
    const { documents, revertedVersions, revertedBytes } = this.#context.limits
    const narrow = 'narrow the period or the paths, and revert in parts'
    if (this.#documents.size > documents) {
      throw tooLarge('documents', documents, `The revert is about more than ${documents} documents (${narrow})`)
    }
    if (++this.#versions > revertedVersions) {
      throw tooLarge(
        'revertedVersions',
        revertedVersions,
        `It takes back more than ${revertedVersions} versions (${narrow})`,
      )
    }
    const bytes = yield* bytesOf(reverted)
    this.#bytes += bytes
    if (this.#bytes > revertedBytes) {
      throw tooLarge(
        'revertedBytes',
        revertedBytes,
        `It takes back more than ${revertedBytes} bytes of fields (${narrow})`,
      )
    }
  }
}

function isNamed({ field }: LeafEdit, patterns: readonly Pattern[]): boolean {
  return patterns.some((pattern) => matchesPrefix(pattern, field))
}

/** Estimated bytes beside the values of one edit. */
const EDIT_BYTES = 64

/** Edits that are counted in one step. */
const STEP_EDITS = 512

function* bytesOf(reverted: RevertedVersion): Generator<undefined, number> {
  switch (reverted.kind) {
    case 'NEW':
      return EDIT_BYTES
    case 'DELETE':
      return EDIT_BYTES + jsonBytes(reverted.before)
    case 'UPDATE': {
      let bytes = EDIT_BYTES
      for (const [i, { before, after }] of reverted.edits.entries()) {
        bytes += EDIT_BYTES + jsonBytes(before ?? null) + jsonBytes(after ?? null)
        if ((i + 1) % STEP_EDITS === 0) yield
      }
      return bytes
    }
  }
}
