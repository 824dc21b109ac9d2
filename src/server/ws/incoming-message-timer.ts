import { MessageMeter } from './message-meter.ts'

/** Measures the size of an incomplete message, and for how long it has been arriving. */
export class IncomingMessageTimer {
  readonly #meter = new MessageMeter()
  #startedAt = Infinity

  /** See `MessageMeter`. */
  get bytes(): number {
    return this.#meter.bytes
  }

  read(chunk: Buffer, now: number): void {
    if (this.#meter.read(chunk)) this.#startedAt = now
    else if (this.#meter.bytes === 0) this.#startedAt = Infinity
  }

  /** Called when a paused socket is read again: the time starts anew. */
  onResumed(now: number): void {
    if (this.#startedAt < now) this.#startedAt = now
  }

  /** How long the message has been arriving, ms; negative when none is. */
  elapsedMs(now: number): number {
    return now - this.#startedAt
  }
}
