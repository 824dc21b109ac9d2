import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Reverted, RevertConflict, Reverting } from '../../../core/database.ts'
import { jsonBytes } from '../../../core/json/value.ts'
import { compareText, documentPrefixes, pathText, type Path } from '../../../core/path.ts'
import type { Write } from '../../../core/version.ts'
import type { TenantContext } from '../../log/tenant-context.ts'
import { toWriteResult } from '../../shape/render.ts'
import { WorkSlice } from '../../time/time-slice.ts'
import type { Committer } from '../../write/committer.ts'
import type { ComputedOperation, Request, RevertFinding } from '../../write/request.ts'
import { retryIfPurged } from '../purge-retry.ts'
import { revertOperation } from './revert-plan.ts'
import { writersOf } from './conflict-authors.ts'
import { revertedDocuments, type ParsedSelection, type RevertedDocument } from './reverted-documents.ts'

/** Conflicts that are made in one step. */
const STEP_CONFLICTS = 1_024

/** Bytes of the values that are reported of documents that a revert changes; the last one may go over it. */
const APPLIED_BYTES = 262_144

/** Documents whose nested collections are looked up in one call. */
const PARENTS_PER_LOOKUP = 64

interface RevertRequest {
  readonly selection: ParsedSelection
  readonly key: string | undefined
  /** Of the request; null without a key. */
  readonly digest: string | null
  readonly dryRun: boolean
  /** The actor that reverts. */
  readonly actor: string | null
}

/** Takes back what a selection wrote, in one commit; with `dryRun`, tells what that would be. */
export function revertWrites(
  context: TenantContext & { readonly committer: Committer },
  request: RevertRequest,
): Promise<Reverted> {
  return retryIfPurged(context.tail, async (guarded) => {
    const documents = await revertedDocuments(context, request.selection)
    const operation = guarded(revertOperation(documents, await treesOf(context, documents)))
    return revertDocuments(context, { ...request, documents, operation })
  })
}

interface DocumentsRequest extends RevertRequest {
  readonly documents: readonly RevertedDocument[]
  readonly operation: ComputedOperation
}

async function revertDocuments(
  context: TenantContext & { readonly committer: Committer },
  { documents, operation, key, digest, dryRun, actor }: DocumentsRequest,
): Promise<Reverted> {
  const operations = [operation]
  const trial: Request = { operations, checks: [], key: undefined, actor, commits: 'NEVER' }
  const request: Request = dryRun ? trial : { ...trial, key, commits: 'CHANGES' }
  const { commit, repeated, drafted } = await context.committer.submit(request, dryRun ? null : digest)
  // The store has written in this turn.
  await nextTurn()
  // Of a repetition, the commit is that of then, and the conflicts are those of now.
  const shown = drafted ?? (await context.committer.submit(trial, null)).drafted
  return {
    commit: commit && toWriteResult(context.tail.epoch, commit, repeated),
    applied: await new WorkSlice().run(appliedSteps(commit?.versions ?? shown?.writes ?? [])),
    conflicts: await conflictsOf(context, shown?.findings ?? [], documents),
  }
}

/** The documents that may go and have nested collections, none within another. */
async function treesOf(
  { store, tenant }: TenantContext,
  documents: readonly RevertedDocument[],
): Promise<readonly Path[]> {
  const mayGo = documents.filter(({ versions }) => versions.some(({ kind }) => kind === 'NEW')).map(({ path }) => path)
  const parents: Path[] = []
  for (let i = 0; i < mayGo.length; i += PARENTS_PER_LOOKUP) {
    if (i > 0) await nextTurn()
    const paths = mayGo.slice(i, i + PARENTS_PER_LOOKUP)
    const names = await store.collections(tenant, paths)
    parents.push(...paths.filter((_, k) => (names[k]?.length ?? 0) > 0))
  }
  const texts = new Set(parents.map(pathText))
  return parents.filter((path) =>
    documentPrefixes(path).every((prefix) => prefix.length === path.length || !texts.has(pathText(prefix))),
  )
}

/** The written documents, in the order of paths, in steps; their values as long as they fit. */
function* appliedSteps(writes: readonly Write[]): Generator<undefined, readonly Reverting[]> {
  const applied: Reverting[] = []
  let bytes = 0
  const named = writes.map(({ path, fields, type, value }) => ({ path: pathText(path), fields, type, value }))
  for (const write of named.toSorted((a, b) => compareText(a.path, b.path))) {
    const isReported = write.type !== 'DELETE' && bytes < APPLIED_BYTES
    applied.push(isReported ? write : { ...write, value: null })
    if (!isReported) continue
    bytes += jsonBytes(write.value)
    yield
  }
  return applied
}

async function conflictsOf(
  context: TenantContext,
  findings: readonly RevertFinding[],
  documents: readonly RevertedDocument[],
): Promise<readonly RevertConflict[]> {
  const writers = await writersOf(context, findings, documents)
  return new WorkSlice().run(conflictSteps(findings, writers))
}

function* conflictSteps(
  findings: readonly RevertFinding[],
  writers: ReadonlyMap<RevertFinding, string | null>,
): Generator<undefined, readonly RevertConflict[]> {
  const conflicts: RevertConflict[] = []
  for (const finding of findings) {
    const { path, field, now = null, wanted = null } = finding
    conflicts.push({ path: pathText(path), field: field.join('/'), now, wanted, by: writers.get(finding) ?? null })
    if (conflicts.length % STEP_CONFLICTS === 0) yield
  }
  return conflicts
}
