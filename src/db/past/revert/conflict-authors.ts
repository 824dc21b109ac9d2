import { getField } from '../../../core/json/field.ts'
import { pathText, type Path } from '../../../core/path.ts'
import type { Revision, Version } from '../../../core/version.ts'
import type { TenantContext } from '../../log/tenant-context.ts'
import { Search } from '../../time/bounded-search.ts'
import type { RevertFinding } from '../../write/request.ts'
import { isSame } from './leaf-edits.ts'
import type { RevertedDocument } from './reverted-documents.ts'

/** Findings that are looked at in one step. */
const STEP_FINDINGS = 512

/** Documents whose histories are read concurrently. */
const HISTORIES_AT_ONCE = 16

/**
 * The actors that wrote what each finding leaves: of the newest version that changed it and is not reverted itself.
 * Null where the version is not among the `searchedCommits` newest, or its actor is not known.
 */
export async function writersOf(
  context: TenantContext,
  findings: readonly RevertFinding[],
  documents: readonly RevertedDocument[],
): Promise<ReadonlyMap<RevertFinding, string | null>> {
  const search = new Search(context.readMs, context.limits.searchedCommits)
  const reverted = new Map(
    documents.map(({ path, versions }) => [pathText(path), new Set(versions.map(({ version }) => version))]),
  )
  const writers = new Map<RevertFinding, string | null>()
  const groups = [...(await search.run(groupByWriter(findings)))]
  for (let i = 0; i < groups.length && !search.isOver; i += HISTORIES_AT_ONCE) {
    await Promise.all(
      groups.slice(i, i + HISTORIES_AT_ONCE).map(async ([text, group]) => {
        const tracing = new WriterTracing(group, reverted.get(text) ?? new Set())
        await traceWriters(context, search, tracing)
        await search.run(tracing.report(writers))
      }),
    )
  }
  return writers
}

function* groupByWriter(
  findings: readonly RevertFinding[],
): Generator<undefined, ReadonlyMap<string, readonly RevertFinding[]>> {
  const groups = new Map<string, RevertFinding[]>()
  for (const [i, finding] of findings.entries()) {
    if ((i + 1) % STEP_FINDINGS === 0) yield
    const text = pathText(finding.writer.path)
    const group = groups.get(text) ?? []
    group.push(finding)
    groups.set(text, group)
  }
  return groups
}

/** Reads the versions of one document from the newest on, until all writers are found or the search is over. */
async function traceWriters({ store, tenant }: TenantContext, search: Search, tracing: WriterTracing): Promise<void> {
  let before: Revision | undefined
  while (!tracing.isDone && !search.isOver) {
    const { slice } = search
    const { rows, next } = await store.history(tenant, tracing.path, { before, reverse: true, limit: slice })
    search.count({ rows: rows.length, short: rows.length < slice.rows && next !== undefined })
    for (const version of rows.toReversed()) await search.run(tracing.take(version))
    if (next === undefined) return await search.run(tracing.end())
    before = next
    await search.yieldOrTimeOut()
  }
}

/** Finds the versions of one document that made the fields of findings what they are. */
class WriterTracing {
  readonly path: Path
  readonly #writers = new Map<RevertFinding, string | null>()
  readonly #newest: number
  readonly #reverted: ReadonlySet<number>
  #open: readonly RevertFinding[]
  #newer: Version | null = null

  constructor(findings: readonly RevertFinding[], reverted: ReadonlySet<number>) {
    const [first] = findings
    this.path = first?.writer.path ?? []
    this.#newest = first?.writer.version ?? 0
    this.#open = findings
    this.#reverted = reverted
  }

  /** Adds the writers that were found to those of other documents. */
  *report(writers: Map<RevertFinding, string | null>): Generator<undefined, void> {
    let count = 0
    for (const [finding, actor] of this.#writers) {
      writers.set(finding, actor)
      if (++count % STEP_FINDINGS === 0) yield
    }
  }

  get isDone(): boolean {
    return this.#open.length === 0
  }

  /** Takes the next version, from the newest on. */
  *take(version: Version): Generator<undefined, void> {
    // The newest versions may have been written after the revert was decided.
    if (version.version > this.#newest) return
    yield* this.#judge(version)
    this.#newer = version
  }

  /** There are no older versions; they were removed where the last one is not the first. */
  *end(): Generator<undefined, void> {
    if (this.#newer?.version === 1) yield* this.#judge(null)
  }

  /** A field was written by the newer version when it differs in the older one. */
  *#judge(older: Version | null): Generator<undefined, void> {
    const newer = this.#newer
    if (newer === null || this.#reverted.has(newer.version)) return
    const isWriter = ({ field }: RevertFinding): boolean =>
      field.length === 0 || !isSame(leafOf(newer, field), leafOf(older, field))
    for (const [i, finding] of this.#open.entries()) {
      if (isWriter(finding)) this.#writers.set(finding, newer.actor)
      if ((i + 1) % STEP_FINDINGS === 0) yield
    }
    this.#open = this.#open.filter((finding) => !this.#writers.has(finding))
  }
}

function leafOf(version: Version | null, field: readonly string[]): ReturnType<typeof getField> {
  return version === null || version.type === 'DELETE' ? undefined : getField(version.value, field)
}
