import type { Commit } from '../../../src/core/commit.ts'
import type { Store, TenantId } from '../../../src/store/store.ts'

/** Reads the log behind the last commit it has whenever the bell rings, and nothing else makes it read. */
export class Follower implements AsyncDisposable {
  readonly commits: Commit[] = []
  #bell: AsyncDisposable | null = null
  #rung = true
  #stopped = false
  #wake: () => void = () => undefined
  #reading: Promise<void> = Promise.resolve()

  static async start(store: Pick<Store, 'log' | 'listen'>, tenant: TenantId): Promise<Follower> {
    const follower = new Follower()
    follower.#bell = await store.listen((rung) => {
      if (rung === tenant) follower.#ring()
    })
    follower.#reading = follower.#read(store, tenant)
    return follower
  }

  get revisions(): readonly number[] {
    return this.commits.map(({ revision }) => revision)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    this.#ring()
    await this.#reading
    await this.#bell?.[Symbol.asyncDispose]()
  }

  #ring(): void {
    this.#rung = true
    this.#wake()
  }

  async #read(store: Pick<Store, 'log'>, tenant: TenantId): Promise<void> {
    while (!this.#stopped) {
      if (!this.#rung) await new Promise<void>((resolve) => (this.#wake = resolve))
      this.#rung = false
      await this.#drain(store, tenant)
    }
  }

  async #drain(store: Pick<Store, 'log'>, tenant: TenantId): Promise<void> {
    for (;;) {
      const after = this.commits.at(-1)?.revision ?? 0
      // A server that is away for a moment: the feed above the port tries again as this does.
      const page = await store.log(tenant, { after, limit: { rows: 100, bytes: 1e9 } }).catch(() => null)
      if (page === null) this.#rung = !this.#stopped
      if (page === null || page.commits.length === 0) return
      this.commits.push(...page.commits)
    }
  }
}
