import { MessageMeter } from './message-meter.ts'

/** The message that is arriving, and since when. */
export class IncomingMessageTimer {
  readonly #meter = new MessageMeter()
  #startedAt = Infinity

  get bytes(): number {
    return this.#meter.bytes
  }

  read(chunk: Buffer, now: number): void {
    if (this.#meter.read(chunk)) this.#startedAt = now
    else if (this.#meter.bytes === 0) this.#startedAt = Infinity
  }

  /** It was not read from, and is now. */
  onResumed(now: number): void {
    if (this.#startedAt < now) this.#startedAt = now
  }

  /** For how long it has been arriving, ms; negative when none is. */
  elapsedMs(now: number): number {
    return now - this.#startedAt
  }
}
