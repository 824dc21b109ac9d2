import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Member } from './cohort.ts'
import type { Payload } from './payload.ts'
import type { Events } from './subscribe.ts'

/** Where the payloads of one subscription go. */
export interface Sink {
  /** Whether somebody is there. */
  isOpen(): boolean
  write(payload: Payload): void
  /** Null when more may be written; else resolves when it may, or when nobody is there any more. */
  room(): Promise<void> | null
}

/** A subscription under way. */
export interface Pump {
  /** Resolves when the events have ended, were stopped or nobody is there to get them; rejects with their failure. Call it once. */
  run(): Promise<void>
  /** Ends the events and frees what they hold, at once. */
  stop(): Promise<void>
}

/**
 * Pulls the events of a subscription and writes what its cohort makes of them. By hand: an async generator would not end
 * while it waits for an event, and so would leak on every disconnect. While the reader takes nothing, nothing is pulled.
 */
export function createPump(events: Events, member: Member, sink: Sink): Pump {
  let stopped = false
  const stop = async (): Promise<void> => {
    stopped = true
    await events.return?.()
  }
  const run = async (): Promise<void> => {
    while (!stopped) {
      const { done, value } = await events.next()
      if (done === true || stopped) return
      const known = member.known(value)
      const payload = known ?? await member.make(value)
      if (stopped || !sink.isOpen()) break
      sink.write(payload)
      // A backlog and a fast reader never make each other wait: others get their turn after what took long.
      if (known === null) await nextTurn()
      await sink.room()
    }
    await stop()
  }
  return {
    stop,
    run: async () => {
      try {
        await run()
      } catch (error) {
        // Some events fail and could be asked for more: there must be an end.
        await stop()
        throw error
      }
    },
  }
}

const END = { done: true, value: undefined } as const

/** The pump in the form of results of which there are none: who iterates waits for its end. */
export function asResults(pump: Pump): AsyncIterableIterator<never, undefined> {
  let isRunning = false
  const results: AsyncIterableIterator<never, undefined> = {
    [Symbol.asyncIterator]: () => results,
    next: async () => {
      if (isRunning) return END
      isRunning = true
      await pump.run()
      return END
    },
    return: async () => {
      await pump.stop()
      return END
    },
  }
  return results
}
