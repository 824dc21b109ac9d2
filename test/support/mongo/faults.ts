import type { Doc } from './wire.ts'

/** What the proxy does to one command of a name, once. */
export type CommandFault =
  /** The server does the work, the client's connection is cut instead of a reply. */
  | { readonly kind: 'loseReply' }
  /** The server does the work; the reply waits until it is released. */
  | { readonly kind: 'holdReply'; readonly held: (release: () => void) => void }
  /** The server does the work and the reply says that the majority was not reached in time. */
  | { readonly kind: 'wtimeout' }
  /** The server never sees it; this is the reply. */
  | { readonly kind: 'answer'; readonly reply: Doc }

/** Whether a fault is meant for a command of its name. */
export type CommandTest = (body: Doc) => boolean

/** Faults that wait for their command, in the order in which they were asked for. */
export class CommandFaults {
  #waiting: { readonly command: string; readonly fault: CommandFault; readonly isMeant: CommandTest }[] = []

  add(command: string, fault: CommandFault, isMeant: CommandTest = () => true): void {
    this.#waiting.push({ command, fault, isMeant })
  }

  take(command: string, body: Doc): CommandFault | null {
    const at = this.#waiting.findIndex((entry) => entry.command === command && entry.isMeant(body))
    return at < 0 ? null : (this.#waiting.splice(at, 1)[0]?.fault ?? null)
  }
}

const NAMES: Readonly<Record<number, string>> = {
  18: 'AuthenticationFailed',
  91: 'ShutdownInProgress',
  189: 'PrimarySteppedDown',
  10107: 'NotWritablePrimary',
  11602: 'InterruptedDueToReplStateChange',
}
/** Codes at which a driver sends a write again (https://github.com/mongodb/specifications: retryable writes). */
const RETRYABLE: ReadonlySet<number> = new Set([91, 189, 10107, 11602])

/**
 * The reply of a server that refuses with `code`. A duplicate key is a write error, everything else an error of the
 * command.
 */
export function refusal(code: number): Doc {
  if (code === 11000) return { n: 0, writeErrors: [{ index: 0, code, errmsg: 'E11000 duplicate key error' }], ok: 1 }
  const labels = RETRYABLE.has(code) ? { errorLabels: ['RetryableWriteError'] } : {}
  return { ok: 0, code, codeName: NAMES[code] ?? `Location${code}`, errmsg: `refused with ${code}`, ...labels }
}

/** A reply that also says that the write concern timed out. */
export function withWtimeout(reply: Doc): Doc {
  const errmsg = 'waiting for replication timed out'
  return {
    ...reply,
    writeConcernError: { code: 64, codeName: 'WriteConcernFailed', errmsg, errInfo: { wtimeout: true } },
  }
}

/** What a server calls itself. */
export type Greeting = 'primary' | 'standalone' | 'secondary'

/**
 * What a server says of the set that it is of, and of ways to speak that the proxy does not know: a stream of
 * greetings, compression.
 */
const SET: readonly string[] = [
  'setName',
  'setVersion',
  'hosts',
  'passives',
  'arbiters',
  'me',
  'primary',
  'isWritablePrimary',
  'ismaster',
  'secondary',
  'electionId',
]
const WAYS: readonly string[] = ['topologyVersion', 'compression']

/** The greeting of a replica set's member at the address `me`, or of a server that is of none. */
export function greet(reply: Doc, greeting: Greeting, me: string, electionId: unknown): Doc {
  const plain = Object.fromEntries(Object.entries(reply).filter(([key]) => !SET.includes(key) && !WAYS.includes(key)))
  if (greeting === 'standalone') return { ...plain, isWritablePrimary: true, ismaster: true }
  const set = { setName: 'rs0', setVersion: 1, hosts: [me], me }
  if (greeting === 'secondary') return { ...plain, ...set, isWritablePrimary: false, ismaster: false, secondary: true }
  return { ...plain, ...set, isWritablePrimary: true, ismaster: true, secondary: false, primary: me, electionId }
}
