import * as ws from 'ws'
import fc from 'fast-check'
import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { MemoryBudget, type Reservation } from '../../src/server/limits/memory-budget.ts'
import { estimateParsedBytes } from '../../src/server/limits/json-weight.ts'
import { MessageMeter } from '../../src/server/ws/message-meter.ts'

/** How the library of clients makes frames; its types leave it out. */
const { Sender } = ws as unknown as {
  readonly Sender: new (socket: PassThrough) => {
    send(data: Buffer, options: object, done: () => void): void
    ping(data: Buffer, mask: boolean): void
  }
}
const BOUNDS = { inflightBytes: 1_000_000, inflightBytesPerConnection: 300_000 }

test('a field that runs on when its answer is over refuses nothing to others', () => {
  const account = new MemoryBudget(BOUNDS).account(new PassThrough())
  const ended = account.reserve()
  ended.release()
  expect(ended.claim(0)).toBe(false)
  expect(account.cooldownMs).toBe(0)
  expect(account.reserve().claim(0)).toBe(true)
})

describe('the count of held bytes', () => {
  const command = fc.record({
    connection: fc.nat(4),
    hold: fc.nat(3),
    bytes: fc.nat(200_000),
    kind: fc.constantFrom('grow', 'set', 'keep', 'claim', 'release'),
  })

  /** Does it, and gives what the hold has then. */
  function run(
    hold: Reservation,
    { bytes, kind }: { readonly bytes: number; readonly kind: string },
    before: number,
  ): number {
    switch (kind) {
      case 'grow':
        return hold.grow(bytes) ? before + bytes : before
      case 'claim':
        return hold.claim(bytes) ? before + bytes : before
      case 'set':
        return (hold.set(bytes), bytes)
      case 'keep':
        return (hold.retainForSubscription(), Math.max(0, before - 4_096))
      default:
        return (hold.release(), 0)
    }
  }

  test('is the sum of what is held, and nothing when all was released, however often and in whatever order', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const memoryBudget = new MemoryBudget(BOUNDS)
        const connections = Array.from({ length: 5 }, () => ({}))
        const holds = connections.map((connection) =>
          Array.from({ length: 4 }, () => ({
            hold: memoryBudget.account(connection).reserve(),
            bytes: 0,
            isReleased: false,
          })),
        )
        for (const each of commands) {
          const one = holds[each.connection]?.[each.hold]
          if (one === undefined) continue
          if (!one.isReleased) one.bytes = run(one.hold, each, one.bytes)
          else run(one.hold, each, 0)
          one.isReleased ||= each.kind === 'release'
          const sums = holds.map((all) => all.reduce((sum, { bytes }) => sum + bytes, 0))
          expect(connections.map((connection) => memoryBudget.account(connection).bytes)).toEqual(sums)
          expect(memoryBudget.bytes).toBe(sums.reduce((sum, bytes) => sum + bytes, 0))
        }
        for (const { hold } of holds.flat()) hold.release()
        expect(memoryBudget.bytes).toBe(0)
      }),
    )
  })

  test('never exceeds its bound, and leaves room for one that holds little, however many are greedy', () => {
    const memoryBudget = new MemoryBudget(BOUNDS)
    for (let i = 0; i < 1_000; i++) {
      const hold = memoryBudget.account({}).reserve()
      while (hold.grow(1_000));
      expect(memoryBudget.account({}).admits(1_000)).toBe(true)
    }
    // Each may hold 16 KiB in any case.
    expect(memoryBudget.bytes).toBeLessThan(BOUNDS.inflightBytes + 1_000 * 16_384)
    const few = new MemoryBudget(BOUNDS)
    const greedy = Array.from({ length: 30 }, () => few.account({}).reserve())
    for (let i = 0; i < 1_000; i++) for (const hold of greedy) hold.grow(1_000)
    expect(few.bytes).toBeLessThan(BOUNDS.inflightBytes)
    expect(few.bytes).toBeGreaterThan(BOUNDS.inflightBytes * 0.8)
  })

  test('bounds one connection, which has room again when it has given back', () => {
    const account = new MemoryBudget(BOUNDS).account({})
    const [first, second] = [account.reserve(), account.reserve()]
    expect(first.grow(300_000)).toBe(true)
    expect(second.grow(1)).toBe(false)
    expect(second.set(5)).toBe(false)
    first.release()
    expect(second.grow(1_000)).toBe(true)
    expect(account.bytes).toBe(1_005)
  })

  test('of an answer that found no room says so for a second, and longer when it happens again', () => {
    const account = new MemoryBudget(BOUNDS).account({})
    const hold = account.reserve()
    expect(hold.claim(1_000)).toBe(true)
    expect(hold.claim(1_000_000)).toBe(false)
    expect(account.cooldownMs).toBeGreaterThan(500)
    expect(hold.claim(1)).toBe(false)
    expect(hold.grow(1)).toBe(true)
  })
})

/** Frames as a client sends them. */
async function framesOf(messages: readonly (readonly string[])[]): Promise<readonly Buffer[]> {
  const frames: Buffer[] = []
  for (const fragments of messages) {
    for (const [i, text] of fragments.entries()) {
      const wire = new PassThrough()
      const sender = new Sender(wire)
      sender.send(
        Buffer.from(text),
        { binary: false, fin: i === fragments.length - 1, mask: true, compress: false },
        () => {},
      )
      frames.push(wire.read() as Buffer)
      // A control frame may stand between fragments.
      if (text.length % 3 !== 0) continue
      sender.ping(Buffer.from(text.slice(0, 100)), true)
      frames.push(wire.read() as Buffer)
    }
  }
  return frames
}

test('the bytes of an incomplete WebSocket message are known for any pieces, and are 0 between messages', async () => {
  const text = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.nat(70_000).map((length) => 'x'.repeat(length)),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(text, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1 }),
      async (messages, sizes) => {
        const bytes = Buffer.concat(await framesOf(messages))
        const meter = new MessageMeter()
        for (let [at, i] = [0, 0]; at < bytes.length; i++) {
          const chunk = bytes.subarray(at, at + (sizes[i % sizes.length] ?? 1))
          const [before, begun] = [meter.bytes, meter.read(chunk)]
          at += chunk.length
          if (meter.bytes > 0 && !begun) expect(meter.bytes).toBeGreaterThan(before + chunk.length - 1)
          if (at === bytes.length) expect(meter.bytes).toBe(0)
          else if (meter.bytes > 0) expect(meter.bytes).toBeGreaterThanOrEqual(chunk.length)
        }
      },
    ),
    { numRuns: 50 },
  )
})

test('a JSON text weighs at least what it has, strings no more than that, and objects what they take', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      expect(estimateParsedBytes(Buffer.from(json))).toBeGreaterThanOrEqual(Buffer.byteLength(json))
    }),
  )
  const text = JSON.stringify('{[,:"\\'.repeat(1_000))
  expect(estimateParsedBytes(Buffer.from(text))).toBe(Buffer.byteLength(text))
  expect(estimateParsedBytes(Buffer.from(JSON.stringify(Array.from({ length: 1_000 }, () => ({})))))).toBeGreaterThan(
    72_000,
  )
  expect(estimateParsedBytes(Buffer.from('"\\'))).toBe(2)
})
