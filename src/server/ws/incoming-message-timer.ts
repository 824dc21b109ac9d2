import { MessageMeter } from './message-meter.ts'

/** The message that is arriving, and since when. */
export class IncomingMessageTimer {
  readonly #meter = new MessageMeter()
  #since = Infinity

  get bytes(): number {
    return this.#meter.bytes
  }

  read(chunk: Buffer, now: number): void {
    if (this.#meter.read(chunk)) this.#since = now
    else if (this.#meter.bytes === 0) this.#since = Infinity
  }

  /** It was not read from, and is now. */
  goOn(now: number): void {
    if (this.#since < now) this.#since = now
  }

  /** For how long it has been arriving, ms; negative when none is. */
  takes(now: number): number {
    return now - this.#since
  }
}
