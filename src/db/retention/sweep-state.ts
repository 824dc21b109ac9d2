import { isObject, type Json } from '../../core/json/json.ts'
import type { Millis, Revision } from '../../core/version.ts'

/** The process that sweeps, until a time; then another one may take over. */
export interface Lease {
  readonly holder: string
  readonly until: Millis
}

/** The value of the document `_system/sweep`: who sweeps, and how far it is. */
export interface SweepState {
  readonly lease: Lease | null
  /** The version of `_system/retention` that the positions belong to. */
  readonly retention: number
  /** For each pass over the log, the revision up to which it is done. */
  readonly positions: readonly Revision[]
  /** Removed so far, by all processes. */
  readonly removedVersions: number
  readonly expiredDocuments: number
}

export const NOTHING_SWEPT: SweepState = {
  lease: null,
  retention: 0,
  positions: [],
  removedVersions: 0,
  expiredDocuments: 0,
}

/** The state in a value; of anything else, such as that of another release, the state before the first sweep. */
export function parseSweepState(value: Json): SweepState {
  if (!isObject(value)) return NOTHING_SWEPT
  const { positions } = value
  return {
    lease: parseLease(value['lease']),
    retention: count(value['retention']),
    positions: Array.isArray(positions) ? (positions as readonly Json[]).map(count) : [],
    removedVersions: count(value['removedVersions']),
    expiredDocuments: count(value['expiredDocuments']),
  }
}

export function toSweepValue({ lease, positions, ...rest }: SweepState): Json {
  return { ...rest, positions: [...positions], lease: lease === null ? null : { ...lease } }
}

function parseLease(lease: Json | undefined): Lease | null {
  if (lease === undefined || !isObject(lease)) return null
  const { holder, until } = lease
  return typeof holder === 'string' ? { holder, until: count(until) } : null
}

function count(value: Json | undefined): number {
  return typeof value === 'number' && value >= 0 ? value : 0
}
