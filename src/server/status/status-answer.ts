/** The JSON of `/status`: the server writes it, the page reads it; docs/embedded.md says what each field means. */
export interface StatusAnswer {
  readonly versions: Readonly<Record<string, string>>
  readonly pid: number
  readonly startedAt: string
  readonly time: string
  readonly notReady: string | null
  /** Counts since the start of the process. */
  readonly traffic: { readonly reads: number; readonly writes: number; readonly deliveries: number }
  readonly revision: number
  readonly sizes: {
    readonly dataBytes: number | null
    readonly rssBytes: number
    readonly heapBytes: number
    readonly heldBytes: number
  }
  readonly subscriptions: { readonly total: number; readonly rest: number; readonly groups: readonly ShownGroup[] }
  readonly config: Readonly<Record<string, unknown>>
  readonly requests: { readonly last: number; readonly entries: readonly RequestEntry[] }
}

/** Subscriptions of one actor that show the same. */
export interface ShownGroup {
  readonly kind: string
  readonly paths: readonly string[]
  readonly where: string | null
  readonly actor: string | null
  readonly count: number
  /** Commits that the slowest of them was not given yet, at most. */
  readonly lag: number
  /** Whether paths or filter are longer than what is shown. */
  readonly isCut: boolean
}

/** A request that was answered, or an operation of a WebSocket. */
export interface RequestEntry {
  /** 1, 2, 3 … since the start of the process. */
  readonly seq: number
  /** When it was answered, ms since 1970. */
  readonly at: number
  /** Of HTTP; `WS`: an operation that came over a WebSocket. */
  readonly method: string
  /** Without its query, which may hold values. */
  readonly path: string
  /** Type and name of an operation of GraphQL, or its first field; null: any other request. */
  readonly operation: string | null
  /** HTTP status; of an operation of a WebSocket, the one that it has over HTTP. 0: nothing was answered. */
  readonly code: number
  /** From the end of its headers to the end of the answer. */
  readonly ms: number
  /** Its header `X-Request-Id`; null: it has none. */
  readonly id: string | null
}
