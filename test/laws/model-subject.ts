import { formatCursor } from '../../src/core/cursor.ts'
import type {
  Change,
  ChangeBatch,
  Database,
  DocumentPage,
  Op,
  Reverted,
  RevertSelection,
  WriteResult,
} from '../../src/core/database.ts'
import type { AsOf, PageOptions } from '../../src/core/database/options.ts'
import { DatabaseError } from '../../src/core/error.ts'
import { openEngine, type Engine } from '../../src/db/engine.ts'
import type { Store, TenantId } from '../../src/store/store.ts'
import { epochIn, revisionIn } from '../support/writers/history-run.ts'
import type { Command, FeedPlan, Moment, PagePlan } from './model-commands.ts'

/** A clock that goes only when it is told to; both databases of a comparison share it. */
export interface Clock {
  now: number
}

/** What a command came to. `text` has nothing that is random, so that equal outcomes are equal texts. */
export interface Outcome {
  readonly text: string
  /** Null when it was refused. */
  readonly value: unknown
  /** The code of the refusal. */
  readonly code: string | null
}

type Committed = Pick<WriteResult, 'id' | 'cursor' | 'repeated'>

/** A revert, and a second one after it; null after a dry run, or after the repetition of an earlier one. */
export interface RevertedTwice {
  readonly first: Reverted
  readonly second: Reverted | null
}

/** A database under comparison, and a follower that watches its whole log. */
export class Subject {
  readonly db: Database
  readonly #engine: Engine
  readonly #clock: Clock
  readonly #epoch: string
  /** Ids, the oldest first. */
  readonly #commits: string[] = []
  #watching: { readonly feed: AsyncIterableIterator<ChangeBatch>; cursor: number } | null = null
  /** Page cursors of the last pages of documents, of history and of collections. */
  readonly #edges = {
    documents: [] as readonly string[],
    history: [] as readonly string[],
    collections: [] as readonly string[],
  }
  /** Of the last commit. */
  revision = 0

  private constructor(engine: Engine, db: Database, options: { readonly clock: Clock; readonly epoch: string }) {
    this.#engine = engine
    this.db = db
    this.#clock = options.clock
    this.#epoch = options.epoch
  }

  static async open(store: Store, tenant: TenantId, clock: Clock): Promise<Subject> {
    const engine = await openEngine(store, { now: () => clock.now })
    const db = engine.database(tenant, { actor: 'ann' })
    return new Subject(engine, db, { clock, epoch: epochIn((await db.log(['*'])).cursor) })
  }

  close(): Promise<void> {
    return this.#engine.close()
  }

  async run(command: Command): Promise<Outcome> {
    try {
      const value = await this.#call(command)
      return { text: this.#plain(value), value, code: null }
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.code === 'INTERNAL') throw error
      return { text: this.#plain({ code: error.code, details: error.details }), value: null, code: error.code }
    }
  }

  #call(command: Command): Promise<unknown> {
    switch (command.kind) {
      case 'write':
        return this.#write(command.op, command.key ?? undefined)
      case 'transact':
        return this.#committed(this.db.transact(command.ops, { checks: command.checks, key: command.key ?? undefined }))
      case 'purge':
        return this.#committed(this.db.purge(command.path, { key: command.key ?? undefined }))
      case 'document':
        return this.db.document(command.path, { asOf: this.#asOf(command.asOf) })
      case 'get':
        return this.db.get(command.path, { asOf: this.#asOf(command.asOf), depth: command.depth ?? undefined })
      case 'documents':
        return this.#page(
          'documents',
          this.db.documents(command.path, {
            ...this.#window('documents', command.page),
            asOf: this.#asOf(command.asOf),
          }),
        )
      case 'history':
        return this.#page(
          'history',
          this.db.history(command.path, {
            ...this.#window('history', command.page),
            from: this.#time(command.from),
            to: this.#time(command.to),
          }),
        )
      case 'log':
        return this.db.log(command.plan.paths, {
          ...this.#after(command.plan),
          first: command.first,
          types: command.plan.types ?? undefined,
          depth: command.plan.depth ?? undefined,
        })
      case 'collections':
        return this.#collections(command)
      case 'diff':
        return this.db.diff(command.path, { from: this.#asOf(command.from), to: this.#asOf(command.to) })
      case 'restore':
        return this.#committed(
          this.db.restore(command.path, this.#asOf(command.to), {
            scope: command.scope,
            key: command.key ?? undefined,
          }),
        )
      case 'revert':
        return this.#revert(command)
      case 'feed':
        return this.#follow(command)
      case 'watch':
        return this.#watch()
      case 'clock':
        return Promise.resolve(null)
    }
  }

  #write(op: Op, key: string | undefined): Promise<unknown> {
    switch (op.kind) {
      case 'post':
        return this.#committed(this.db.post(op.path, op.value, { id: op.id, key }))
      case 'put':
        return this.#committed(this.db.put(op.path, op.value, { expect: op.expect, key }))
      case 'patch':
        return this.#committed(this.db.patch(op.path, op.patch, { expect: op.expect, key }))
      case 'delete':
        return this.#committed(this.db.delete(op.path, { expect: op.expect, key }))
    }
  }

  async #committed<T extends Committed>(commit: Promise<T>): Promise<T> {
    const done = await commit
    this.#note(done)
    return done
  }

  #note({ id, cursor, repeated }: Committed): void {
    this.revision = Math.max(this.revision, revisionIn(cursor))
    if (!repeated) this.#commits.push(id)
  }

  /** Reverts, and does it again, without a key. */
  async #revert({ what, dryRun, key }: Command & { kind: 'revert' }): Promise<RevertedTwice> {
    const selection: RevertSelection =
      'back' in what
        ? { commit: this.#commits.at(-1 - what.back) ?? 'nothing' }
        : {
            actor: {
              actor: 'ann',
              from: this.#time(what.from),
              to: this.#time(what.to),
              ...(what.paths && { paths: what.paths }),
            },
          }
    const first = await this.db.revert(selection, { dryRun, key: key ?? undefined })
    if (first.commit !== null) this.#note(first.commit)
    const second = dryRun || first.commit?.repeated === true ? null : await this.db.revert(selection)
    if (second !== null && second.commit !== null) this.#note(second.commit)
    return { first, second }
  }

  async #collections({ path, asOf, first, after }: Command & { kind: 'collections' }): Promise<unknown> {
    const from = after ? this.#edges.collections[0] : undefined
    const page = await this.db.collections(path, { asOf: this.#asOf(asOf), first, after: from })
    this.#edges.collections = page?.edges.map(({ cursor }) => cursor) ?? []
    return page
  }

  async #page(kind: 'documents' | 'history', reading: Promise<DocumentPage>): Promise<DocumentPage> {
    const page = await reading
    this.#edges[kind] = page.edges.map(({ cursor }) => cursor)
    return page
  }

  #window(kind: 'documents' | 'history', { side, count, after, before }: PagePlan): PageOptions {
    const edge = (index: number | null): string | undefined => (index === null ? undefined : this.#edges[kind][index])
    return { ...(side !== null && { [side]: count }), after: edge(after), before: edge(before) }
  }

  #asOf(moment: Moment): AsOf
  #asOf(moment: Moment | null): AsOf | undefined
  #asOf(moment: Moment | null): AsOf | undefined {
    switch (moment?.kind) {
      case undefined:
        return undefined
      case 'cursor':
        return { cursor: this.#cursor(moment.back) }
      case 'time':
        return { time: new Date(this.#clock.now - moment.backMs).toISOString() }
      case 'version':
        return { version: moment.version }
    }
  }

  #time(backMs: number | null): string | undefined {
    return backMs === null ? undefined : new Date(this.#clock.now - backMs).toISOString()
  }

  #cursor(back: number): string {
    return formatCursor(this.#epoch, Math.max(this.revision - back, 0))
  }

  #after({ back }: FeedPlan): { readonly after?: string } {
    return back === null ? {} : { after: this.#cursor(back) }
  }

  /** Everything that a follower gets until it is up to date or complete, however often it dies. */
  async #follow({ plan, limit, dieEvery }: Command & { kind: 'feed' }): Promise<unknown> {
    const changes: Change[] = []
    const options = {
      types: plan.types ?? undefined,
      depth: plan.depth ?? undefined,
      limit: dieEvery === null ? (limit ?? undefined) : undefined,
    }
    const beginning =
      plan.last !== null
        ? { last: plan.last }
        : plan.back === null
          ? { start: 'BEGINNING' as const }
          : this.#after(plan)
    for (let from: object = beginning; ;) {
      const feed = this.db.changes(plan.paths, { ...options, ...from })
      const life = await takeSome(feed, dieEvery ?? Infinity)
      await feed.return?.()
      changes.push(...life.changes)
      if (life.over || life.cursor === null) return { changes, cursor: life.cursor, completed: life.completed }
      from = { after: life.cursor }
    }
  }

  /** What the watcher has not seen yet. It asks only while something is there, for a feed at the live edge waits. */
  async #watch(): Promise<readonly Change[]> {
    this.#watching ??= { feed: this.db.changes(['*'], { start: 'BEGINNING' }), cursor: 0 }
    const { changes } = await this.db.log(['*'], {
      after: formatCursor(this.#epoch, this.#watching.cursor),
      first: 1_000,
    })
    const last = changes.at(-1)
    const seen: Change[] = []
    while (last !== undefined && this.#watching.cursor < revisionIn(last.cursor)) {
      const { value, done } = await this.#watching.feed.next()
      if (done === true) throw new Error('The watching feed ended.')
      seen.push(...value.changes)
      this.#watching.cursor = revisionIn(value.cursor)
    }
    return seen
  }

  /** A cursor becomes its revision, a random id says that it is one. */
  #plain(value: unknown): string {
    return JSON.stringify(value ?? null)
      .replaceAll(new RegExp(`"${this.#epoch}-([0-9a-z]+)-[0-9a-z]+"`, 'g'), '"cursor $1"')
      .replaceAll(/"[0-9A-HJKMNP-TV-Z]{26}"/g, '"id"')
  }
}

interface Life {
  readonly changes: readonly Change[]
  /** Of the last batch; null when none came. */
  readonly cursor: string | null
  readonly over: boolean
  readonly completed: boolean
}

async function takeSome(feed: AsyncIterableIterator<ChangeBatch>, batches: number): Promise<Life> {
  const changes: Change[] = []
  let cursor: string | null = null
  for (let i = 0; i < batches; i++) {
    const { done, value } = await feed.next()
    if (done === true) return { changes, cursor, over: true, completed: true }
    changes.push(...value.changes)
    cursor = value.cursor
    if (value.upToDate) return { changes, cursor, over: true, completed: false }
  }
  return { changes, cursor, over: false, completed: false }
}
