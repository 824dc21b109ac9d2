import { resolve } from 'node:path'
import { stranger, systemCodeOf, unreachable } from '../run/client.ts'
import { counted, shown } from '../run/colour.ts'
import { nodeFetch } from '../run/http.ts'
import type { Invocation } from '../run/invocation.ts'
import { directoryFrom, serverIn, targetOf } from '../run/target.ts'

interface StatusFlags {
  readonly ready?: boolean | undefined
}

/** Time for each of its requests, ms. */
const ANSWER_MS = 5_000
/** Exit code of a server that is not there, or not ready. */
const LATER = 6

/** `tidemark status`: whether a server runs; exit code 6 when it does not, with `--ready` also when it is not ready. */
export async function runStatus(given: Invocation<StatusFlags>): Promise<number> {
  const { flags, env, output } = given
  const { url } = await targetOf(flags, env)
  await requireServer(url, given)
  const ready = await ask(`${url}/readyz`, given)
  const { reason = null } = ready.status === 200 ? {} : (JSON.parse(ready.text) as { reason?: string | null })
  const { text } = await ask(`${url}/metrics`, given)
  const subscriptions = metricOf(text, 'tidemark_subscriptions')
  const heldBytes = metricOf(text, 'tidemark_held_bytes')
  const isReady = ready.status === 200
  const local = await localServer(url, given)
  await output.one({ url, live: true, ready: isReady, reason, subscriptions, heldBytes, ...local }, () => {
    const state = isReady ? 'running' : `running, not ready: ${shown(reason ?? '')}`
    const megabytes = (heldBytes / 1_000_000).toFixed(1)
    const load = `${counted(subscriptions, 'subscription')}, ${megabytes} MB held for clients`
    const { version, pid, data } = local
    const line = `${state} at ${url}, ${load}`
    return pid === null ? line : `${line}\nversion ${version}, process ${pid}, data ${shown(data)}`
  })
  return isReady || flags.ready !== true ? 0 : LATER
}

/** Throws UNREACHABLE when nothing answers at `url`, and says so when it is something else than a server of ours. */
export async function requireServer(url: string, given: Invocation): Promise<void> {
  const live = await ask(`${url}/livez`, given)
  if (live.status !== 200 || !live.text.includes('"ok"')) throw stranger(url, live.status)
}

/** Facts about a server that has the data directory from here; null of any other server. */
type LocalServer =
  | { readonly version: string; readonly pid: number; readonly data: string }
  | { readonly version: null; readonly pid: null; readonly data: null }

async function localServer(url: string, { flags, env }: Invocation<StatusFlags>): Promise<LocalServer> {
  const data = flags.data === undefined ? directoryFrom(env) : resolve(flags.data)
  const found = await serverIn(data)
  const isSame = found !== null && withoutName(found.url) === withoutName(url)
  return isSame ? { version: found.version, pid: found.pid, data } : { version: null, pid: null, data: null }
}

/** An address whose loopback name is a number. */
const withoutName = (url: string): string => url.replace('//localhost:', '//127.0.0.1:')

async function ask(url: string, { signal }: Invocation): Promise<{ readonly status: number; readonly text: string }> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
  try {
    const response = await nodeFetch(url, { signal: bounded })
    return { status: response.status, text: await response.text() }
  } catch (error) {
    signal.throwIfAborted()
    throw unreachable(
      new URL(url).origin,
      bounded.aborted ? `no answer in ${ANSWER_MS / 1_000} s` : systemCodeOf(error),
    )
  }
}

/** A value in the text format of Prometheus; 0 where there is none. */
function metricOf(text: string, name: string): number {
  const [, value = '0'] = new RegExp(`^${name} (\\S+)$`, 'm').exec(text) ?? []
  return Number(value)
}
