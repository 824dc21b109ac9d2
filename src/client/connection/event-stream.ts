/** An event of a subscription, as docs/feeds.md describes them. */
type StreamEvent = 'comment' | 'complete' | { readonly next: unknown }

const NEXT = 'event: next\ndata: '

/** The events of a stream, until it ends. Rejects when it breaks. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent> {
  const reader = body.pipeThrough(new TextDecoderStream() as unknown as TextTransform).getReader()
  const pieces = new EventPieces()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield* pieces.add(value).map(eventOf)
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}

/** Joins the pieces of an event once, at its end: it may be long, and come in many. */
class EventPieces {
  #pieces: string[] = []

  /** The events that a piece completes. An empty line that is cut in two is seen with the next piece. */
  add(piece: string): readonly string[] {
    const last = this.#pieces.at(-1) ?? ''
    const isCut = last.endsWith('\n') && piece.startsWith('\n')
    if (!isCut && !piece.includes('\n\n')) {
      this.#pieces.push(piece)
      return []
    }
    const events = (this.#pieces.join('') + piece).split('\n\n')
    this.#pieces = [events.pop() ?? '']
    return events
  }
}

interface TextTransform {
  readonly readable: ReadableStream<string>
  readonly writable: WritableStream<Uint8Array>
}

function eventOf(text: string): StreamEvent {
  if (text.startsWith(NEXT)) return { next: JSON.parse(text.slice(NEXT.length)) as unknown }
  if (text.startsWith('event: complete')) return 'complete'
  return 'comment'
}
