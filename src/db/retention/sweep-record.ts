import { DatabaseError } from '../../core/error.ts'
import { SWEEP_DOCUMENT } from '../../core/path.ts'
import type { Millis, Version } from '../../core/version.ts'
import { RETENTION_ACTOR } from '../shape/render.ts'
import type { Request } from '../write/request.ts'
import { NOTHING_SWEPT, parseSweepState, toSweepValue, type Lease, type SweepState } from './sweep-state.ts'

/** How long a lease holds after it was last written, ms; it is written again when half of that has passed. */
const LEASE_MS = 30_000

interface SweepRecordOptions {
  /** Identifies this process. */
  readonly holder: string
  /** Whether other processes may sweep, so that a lease is needed. */
  readonly shared: boolean
  readonly now: () => Millis
  readonly commit: (request: Request) => Promise<unknown>
}

/** The document `_system/sweep`, as this process knows it: each write of it expects that no other process wrote it. */
export class SweepRecord {
  readonly #options: SweepRecordOptions
  #state: SweepState = NOTHING_SWEPT
  #version = 0

  constructor(options: SweepRecordOptions) {
    this.#options = options
  }

  get state(): SweepState {
    return this.#state
  }

  /** Number of versions that the document has. */
  get version(): number {
    return this.#version
  }

  /** Takes over what was read. */
  loaded(version: Version | null): void {
    if ((version?.version ?? 0) <= this.#version) return
    this.#version = version?.version ?? 0
    this.#state = version === null ? NOTHING_SWEPT : parseSweepState(version.value)
  }

  /** Whether this process may remove now: takes the lease, or keeps it, where there are other processes. */
  async mayWrite(): Promise<boolean> {
    const { shared, now } = this.#options
    if (!shared) return true
    const { lease } = this.#state
    const isOwn = this.#isOwn(lease)
    if (lease !== null && !isOwn && lease.until > now()) return false
    return (isOwn && (lease?.until ?? 0) - now() > LEASE_MS / 2) || this.save({})
  }

  /** Writes changes of the state, and keeps the lease; false when another process wrote meanwhile. */
  save(changes: Partial<SweepState>): Promise<boolean> {
    const { shared, holder, now } = this.#options
    const lease = shared ? { holder, until: now() + LEASE_MS } : null
    return this.#write({ ...this.#state, ...changes, lease })
  }

  /** As `save`, and gives the lease back. */
  async release(changes: Partial<SweepState>): Promise<boolean> {
    return this.#write({ ...this.#state, ...changes, lease: null })
  }

  #isOwn(lease: Lease | null): boolean {
    return lease?.holder === this.#options.holder
  }

  async #write(state: SweepState): Promise<boolean> {
    const expect = { version: this.#version }
    const request: Request = {
      operations: [{ kind: 'put', path: SWEEP_DOCUMENT, value: toSweepValue(state), expect }],
      checks: [],
      key: undefined,
      actor: RETENTION_ACTOR,
    }
    try {
      await this.#options.commit(request)
    } catch (error) {
      if (error instanceof DatabaseError && error.code === 'CONFLICT') return false
      throw error
    }
    this.#version = expect.version + 1
    this.#state = state
    return true
  }
}
