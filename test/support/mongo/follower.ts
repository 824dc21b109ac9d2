import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Commit } from '../../../src/core/commit.ts'
import type { Store, TenantId } from '../../../src/store/store.ts'

/** Reads the log after its last commit when the store notifies it of a commit, and only then. */
export class Follower implements AsyncDisposable {
  readonly commits: Commit[] = []
  #subscription: AsyncDisposable | null = null
  #isNotified = true
  #stopped = false
  #wake: () => void = () => undefined
  #reading: Promise<void> = Promise.resolve()

  static async start(store: Pick<Store, 'log' | 'listen'>, tenant: TenantId): Promise<Follower> {
    const follower = new Follower()
    follower.#subscription = await store.listen((changed) => {
      if (changed === tenant) follower.#notify()
    })
    follower.#reading = follower.#read(store, tenant)
    return follower
  }

  get revisions(): readonly number[] {
    return this.commits.map(({ revision }) => revision)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    this.#notify()
    await this.#reading
    await this.#subscription?.[Symbol.asyncDispose]()
  }

  #notify(): void {
    this.#isNotified = true
    this.#wake()
  }

  async #read(store: Pick<Store, 'log'>, tenant: TenantId): Promise<void> {
    while (!this.#stopped) {
      if (!this.#isNotified) await new Promise<void>((resolve) => (this.#wake = resolve))
      this.#isNotified = false
      await this.#drain(store, tenant)
    }
  }

  async #drain(store: Pick<Store, 'log'>, tenant: TenantId): Promise<void> {
    for (;;) {
      const after = this.commits.at(-1)?.revision ?? 0
      // The server may be unreachable for a moment: like a feed, the follower tries again.
      const page = await store.log(tenant, { after, limit: { rows: 100, bytes: 1e9 } }).catch(() => null)
      if (page === null) {
        this.#isNotified = !this.#stopped
        // A refusal may come without I/O, and others are to have their turn.
        await nextTurn()
      }
      if (page === null || page.commits.length === 0) return
      this.commits.push(...page.commits)
    }
  }
}
