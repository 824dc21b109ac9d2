import type { Store } from '../../src/store/store.ts'
import { turn } from '../support/time/turns.ts'

/** The store with some of its methods replaced. */
export function wrapped(store: Store, replaced: Partial<Store>): Store {
  return {
    shared: store.shared,
    append: (tenant, drafts) => store.append(tenant, drafts),
    erase: (tenant) => store.erase(tenant),
    raiseFloor: (tenant, floor) => store.raiseFloor(tenant, floor),
    thin: (tenant, documents) => store.thin(tenant, documents),
    find: (tenant, ids) => store.find(tenant, ids),
    heads: (tenant, paths, at) => store.heads(tenant, paths, at),
    list: (tenant, range, at) => store.list(tenant, range, at),
    paths: (tenant, range, at) => store.paths(tenant, range, at),
    collections: (tenant, documents, at) => store.collections(tenant, documents, at),
    history: (tenant, path, range) => store.history(tenant, path, range),
    versions: (tenant, numbers, bytes) => store.versions(tenant, numbers, bytes),
    log: (tenant, range) => store.log(tenant, range),
    confirm: (tenant) => store.confirm(tenant),
    revisionAt: (tenant, time) => store.revisionAt(tenant, time),
    listen: (ring) => store.listen(ring),
    drop: (tenant) => store.drop(tenant),
    close: () => store.close(),
    ...replaced,
  }
}

/** The store as if it were far away: every answer takes some turns of the event loop, so that two of its users meet. */
export function distant(store: Store): Store {
  let seed = 1
  const travel = async <T>(call: () => Promise<T>): Promise<T> => {
    // A linear congruential generator: the same journeys in every run.
    seed = (seed * 48_271) % 2_147_483_647
    for (let i = seed % 3; i > 0; i--) await turn()
    const answer = await call()
    for (let i = seed % 4; i > 0; i--) await turn()
    return answer
  }
  return wrapped(store, {
    append: (tenant, drafts) => travel(() => store.append(tenant, drafts)),
    find: (tenant, ids) => travel(() => store.find(tenant, ids)),
    heads: (tenant, paths, at) => travel(() => store.heads(tenant, paths, at)),
    list: (tenant, range, at) => travel(() => store.list(tenant, range, at)),
    paths: (tenant, range, at) => travel(() => store.paths(tenant, range, at)),
    collections: (tenant, documents, at) => travel(() => store.collections(tenant, documents, at)),
    log: (tenant, range) => travel(() => store.log(tenant, range)),
  })
}

/** The store with a bell that is rung by hand, or never. */
export function withBell(store: Store): { readonly store: Store; ring(times?: number): void } {
  const rings = new Set<(tenant: string) => void>()
  const bell: Store['listen'] = async (ring) => {
    rings.add(ring)
    return { [Symbol.asyncDispose]: async () => void rings.delete(ring) }
  }
  const ring = (times = 1): void => {
    for (let i = 0; i < times; i++) for (const listener of rings) listener('default')
  }
  return { store: wrapped(store, { listen: bell }), ring }
}

/** A store whose appends can be held back. */
export interface Held {
  readonly store: Store
  /** Drafts of the appends that wait. */
  readonly waiting: readonly number[]
  /** From now on appends wait for `release`. */
  hold(): void
  release(): void
}

/** The store with appends that can be held back, after their drafts were stamped. */
export function holding(store: Store): Held {
  const waiting: number[] = []
  let gate: Promise<void> = Promise.resolve()
  let release = (): void => {}
  const append: Store['append'] = async (tenant, drafts) => {
    waiting.push(drafts.length)
    await gate
    waiting.length = 0
    return store.append(tenant, drafts)
  }
  const hold = (): void => {
    gate = new Promise((resolve) => {
      release = resolve
    })
  }
  return { store: wrapped(store, { append }), waiting, hold, release: () => release() }
}
