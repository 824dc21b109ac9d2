/** Aborts with either of two signals, until `release` is called: nothing of it then stays at a signal that lives on. */
export interface LinkedSignal {
  readonly signal: AbortSignal
  abort(reason?: unknown): void
  release(): void
}

/** A signal that is aborted with those that are given. */
export function linkSignals(...sources: readonly (AbortSignal | undefined)[]): LinkedSignal {
  const target = new AbortController()
  const endings = sources.map((source) => onAbort(source, () => target.abort(source?.reason)))
  return {
    signal: target.signal,
    abort: (reason) => target.abort(reason),
    release: () => endings.forEach((end) => end()),
  }
}

/** The functions that a signal calls: one listener for all, as Node warns of more than ten. */
const listeners = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls `run` when the signal is aborted, also at once, until the returned function is called. */
export function onAbort(signal: AbortSignal | undefined, run: () => void): () => void {
  if (signal === undefined || signal.aborted) {
    if (signal?.aborted === true) run()
    return () => {}
  }
  const runs = listeners.get(signal) ?? new Set()
  if (!listeners.has(signal)) {
    listeners.set(signal, runs)
    signal.addEventListener('abort', () => runs.forEach((each) => each()), { once: true })
  }
  runs.add(run)
  return () => runs.delete(run)
}

/** Resolves after so many ms, or when `signal` is aborted. */
export function elapsed(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let forget = (): void => {}
    const done = (): void => {
      clearTimeout(timer)
      forget()
      resolve()
    }
    const timer = setTimeout(done, ms)
    forget = onAbort(signal, done)
  })
}
