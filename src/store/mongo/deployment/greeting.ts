import type { Document } from 'mongodb'
import type { Millis } from '../../../core/version.ts'
import { unavailable } from '../failure.ts'
import { badUrl } from '../mongo-client.ts'

/** Difference of the clocks from which it is reported, ms: commits and times of reads are off by so much. */
const REPORTED_SKEW_MS = 2_000
/**
 * Difference of the clocks from which the store is not opened, ms. By as much a step of the clock is followed at once
 * (docs/embedded.md): a server that is ahead by more would stamp the commits of all others too.
 */
const MAX_SKEW_MS = 10_000

/** The reply to `hello`, and when it was asked for and received, by the clock of this machine, ms since 1970. */
export interface Greeting {
  readonly reply: Document
  readonly askedAt: Millis
  readonly receivedAt: Millis
}

/** Throws BAD_REQUEST where the URL pins the store to one of several members, which need not stay the primary. */
export function checkMembers({ reply }: Greeting, directConnection: boolean): void {
  const members = ['hosts', 'passives'].flatMap((field) => (reply[field] as readonly string[] | undefined) ?? [])
  if (!directConnection || members.length < 2) return
  const why = `directConnection=true keeps to one server of a set of ${members.length}, which need not stay the primary`
  throw badUrl(`${why}; leave it out, and name the set with replicaSet=${String(reply['setName'])}`)
}

/**
 * The least time in ms by which the clock of this machine is ahead of the server's; negative: behind it. It is 0 when
 * the time of the server lies between asking and the reply. Pure.
 */
export function skewOf({ reply, askedAt, receivedAt }: Greeting): Millis {
  const { localTime } = reply as { readonly localTime?: unknown }
  if (!(localTime instanceof Date)) return 0
  const time = localTime.getTime()
  return time < askedAt ? askedAt - time : Math.min(0, receivedAt - time)
}

/** A line about clocks that differ; null: they do not. Throws UNAVAILABLE when they differ by more than 10 s. */
export function checkClock(greeting: Greeting): string | null {
  const skewMs = skewOf(greeting)
  if (Math.abs(skewMs) <= REPORTED_SKEW_MS) return null
  const seconds = (Math.abs(skewMs) / 1_000).toFixed(1)
  const side = skewMs > 0 ? 'ahead of' : 'behind'
  const difference = `the clock of this machine is ${seconds} s ${side} that of its primary`
  if (Math.abs(skewMs) <= MAX_SKEW_MS) return `MongoDB: ${difference}; let NTP set both.`
  throw unavailable(`${difference}, and ${MAX_SKEW_MS / 1_000} s is the most that is allowed; let NTP set both`)
}
