import { setImmediate as nextTurn, setTimeout as after } from 'node:timers/promises'
import type { Engine } from '../db/engine.ts'
import type { Store } from '../store/store.ts'
import { describeError, type Log } from './config/logger.ts'
import type { App } from './app.ts'

/** The layers below the app. */
interface ShutdownParts {
  readonly engine: Engine
  readonly store: Store
}

interface StopOptions {
  readonly stopMs: number
  readonly log: Log
}

/**
 * Stops without losing an answer, in this order: no new connections and messages; event streams are cut, upon which
 * their clients resume; running operations are answered; WebSockets are closed (1001); the engine and then the store
 * close. Each wait is bounded, all of them together by `stopMs`.
 */
export async function stopServer(
  app: App,
  { engine, store }: ShutdownParts,
  { stopMs, log }: StopOptions,
): Promise<void> {
  const { http, sockets, streams, executor, readiness } = app
  log.info('stopping')
  readiness.stop()
  const closed = http.close()
  sockets.stopAccepting()
  streams.end()
  await withTimeout(stopMs * 0.4, executor.drained())
  // The answers of the last operations are written in this turn.
  await nextTurn()
  sockets.close()
  await withTimeout(stopMs * 0.2, closed)
  sockets.terminate()
  http.server.closeAllConnections()
  await withTimeout(stopMs * 0.2, engine.close())
  await withTimeout(stopMs * 0.2, store.close())
  log.info('stopped')
}

async function withTimeout(ms: number, work: Promise<unknown>): Promise<void> {
  const timer = new AbortController()
  await Promise.race([work, after(ms, undefined, { signal: timer.signal }).catch(() => undefined)])
  timer.abort()
}

/**
 * Ends the process cleanly at SIGINT or SIGTERM, at once at the second signal, and with exit code 1 on an uncaught
 * error. A signal that comes less than `repeatMs` (default 0) after the first is a repetition of it. The result acts
 * as a signal that is never a repetition.
 */
export function stopOnSignals(close: () => Promise<void>, log: Log, repeatMs = 0): () => void {
  let first: number | null = null
  const stop = (leastMs: number): void => {
    const now = performance.now()
    if (first !== null && now - first < leastMs) return
    if (first !== null) process.exit(1)
    first = now
    void close().then(() => process.exit(0), fatal)
  }
  const fatal = (error: unknown): void => {
    log.fatal({ error: describeError(error) }, 'the server failed')
    process.exit(1)
  }
  const signaled = (): void => stop(repeatMs)
  process.on('SIGINT', signaled).on('SIGTERM', signaled)
  process.on('uncaughtException', fatal).on('unhandledRejection', fatal)
  return () => stop(0)
}
