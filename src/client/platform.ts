import type { openSocketLink } from './connection/socket-link.ts'
import type { PatchedValue } from './live/patches.ts'
import type { ReadableStore } from './readable.ts'

/** The surroundings of a client: a browser, or Node. */
export interface Platform {
  readonly fetch: typeof fetch
  /** The constructor of WebSockets; null where there are none. Called at the first socket. */
  webSocket(): Promise<unknown>
  /** Given from outside, so that a program without sockets does not load their client. */
  readonly openSocket: typeof openSocketLink
  /** Live stores show patches by it; given from outside, so that a page can load its code later. */
  readonly patches: ReadableStore<PatchedValue>
  /** How long a write waits for a server, ms. */
  readonly offlineMs: number
  /**
   * Calls `woke` when the machine woke, the page became visible or the network came back, and `lost` when the browser
   * says that the network is gone; gives what ends that.
   */
  onWake(woke: () => void, lost: () => void): () => void
  /** Whether a person can see the page, so that it is not to stay away for long. */
  isWatched(): boolean
  /** Event streams at once: browsers open six connections to a host. */
  readonly maxStreams: number
  /** Asks before the page is left, until the returned function is called. */
  holdPage(): () => void
}

/** The parts of a page that a client listens to. */
interface PageTarget {
  addEventListener(type: string, listener: (event: PageEvent) => void): void
  removeEventListener(type: string, listener: (event: PageEvent) => void): void
}

interface PageEvent {
  preventDefault(): void
}

interface BrowserGlobals extends Partial<PageTarget> {
  readonly document?: PageTarget & { readonly visibilityState: string }
  readonly WebSocket?: unknown
}

/** How often the clock is looked at, and how late a look is after a sleep, ms. */
const LOOK_MS = 2_000
const SLEPT_MS = 4_000

type GivenParts = Pick<Platform, 'openSocket' | 'patches'> & Partial<Pick<Platform, 'webSocket'>>

/** The platform that the globals show. */
export function globalPlatform({ openSocket, patches, webSocket }: GivenParts): Platform {
  const globals = globalThis as unknown as BrowserGlobals
  const page = globals.document === undefined ? null : (globals as PageTarget)
  return {
    fetch: (input, init) => fetch(input, init),
    openSocket,
    patches,
    webSocket: webSocket ?? (() => Promise.resolve(globals.WebSocket ?? null)),
    offlineMs: page === null ? 30_000 : 300_000,
    maxStreams: page === null ? 100 : 4,
    isWatched: () => globals.document?.visibilityState === 'visible',
    onWake: (woke, lost) => {
      const endings = [onSlept(woke)]
      if (page !== null && globals.document !== undefined) {
        endings.push(listen(page, 'online', woke), listen(page, 'pageshow', woke), listen(page, 'offline', lost))
        const { document } = globals
        endings.push(listen(document, 'visibilitychange', () => document.visibilityState === 'visible' && woke()))
      }
      return () => endings.forEach((end) => end())
    },
    holdPage: () => (page === null ? () => {} : listen(page, 'beforeunload', (event) => event.preventDefault())),
  }
}

function listen(target: PageTarget, type: string, listener: (event: PageEvent) => unknown): () => void {
  const run = (event: PageEvent): void => void listener(event)
  target.addEventListener(type, run)
  return () => target.removeEventListener(type, run)
}

/** A timer that is late by seconds tells that the machine slept. */
function onSlept(woke: () => void): () => void {
  let looked = Date.now()
  const timer = setInterval(() => {
    const now = Date.now()
    if (now - looked > LOOK_MS + SLEPT_MS) woke()
    looked = now
  }, LOOK_MS)
  unref(timer)
  return () => clearInterval(timer)
}

/** In Node, the timer does not keep the process running. */
export function unref(timer: unknown): void {
  ;(timer as { unref?: () => void }).unref?.()
}
