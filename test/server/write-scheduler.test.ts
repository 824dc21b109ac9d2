import { Duplex, PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { BroadcastPacer } from '../../src/db/feed/cohort/broadcast-pacer.ts'
import { BOUNDS } from '../../src/server/config/config.ts'
import { MemoryBudget } from '../../src/server/limits/memory-budget.ts'
import { BufferCoalescer } from '../../src/server/broadcast/buffer-coalescer.ts'
import { WriteScheduler } from '../../src/server/broadcast/write-scheduler.ts'
import { NextOpening, Payload } from '../../src/server/broadcast/payload.ts'
import { until } from '../support/time/until.ts'
import { turn } from '../support/time/turns.ts'
import { useFakeClock } from '../support/time/fake-clock.ts'

const pieces = (...texts: readonly string[]): readonly Buffer[] => texts.map((text) => Buffer.from(text))

describe('what is written to many connections', () => {
  test('is joined once where many get the same in a row, and is the same bytes', () => {
    const coalescer = new BufferCoalescer()
    const long = Buffer.alloc(100_000, 'x')
    const same = [Buffer.from('head'), long]
    expect(coalescer.coalesce([...same])).toEqual(same)
    const [whole, ...others] = coalescer.coalesce([...same])
    expect(others).toEqual([])
    expect(whole?.equals(Buffer.concat(same))).toBe(true)
    expect(coalescer.coalesce([...same])[0]).toBe(whole)
    // Another one between is not mistaken for it.
    expect(
      Buffer.concat(coalescer.coalesce([Buffer.from('HEAD'), long])).equals(Buffer.concat([Buffer.from('HEAD'), long])),
    ).toBe(true)
    expect(Buffer.concat(coalescer.coalesce([long])).equals(long)).toBe(true)
  })

  test('is not copied where it is long and each gets another, nor where it is very long', () => {
    const coalescer = new BufferCoalescer()
    const long = Buffer.alloc(100_000, 'x')
    for (let i = 0; i < 3; i++) expect(coalescer.coalesce([Buffer.from(String(i)), long])[1]).toBe(long)
    const longer = [Buffer.alloc(200_000), Buffer.alloc(200_000)]
    for (let i = 0; i < 3; i++) expect(coalescer.coalesce(longer)).toBe(longer)
    expect(coalescer.coalesce(pieces('a', 'b'))).toEqual(pieces('ab'))
  })

  test('is a frame for each of many ids, written together with what else leaves then', () => {
    const [payload, long] = [new Payload('{"data":1}'), Buffer.alloc(5_000, 'x')]
    const ids = Array.from({ length: 100 }, (_, i) => `é${i}`)
    for (const [id, frame] of ids.map((id) => [id, payload.frame(new NextOpening(id))] as const)) {
      const message = Buffer.from(`{"id":"${id}","type":"next","payload":{"data":1}}`)
      const bytes = Buffer.concat([Buffer.from([0x81, message.length]), message])
      expect(Buffer.concat(new BufferCoalescer().coalesce(frame))).toEqual(bytes)
      const together = new BufferCoalescer().coalesce([
        ...frame,
        ...pieces('a'),
        ...frame,
        long,
        ...pieces('b'),
        ...frame,
      ])
      expect(Buffer.concat(together)).toEqual(
        Buffer.concat([bytes, Buffer.from('a'), bytes, long, Buffer.from('b'), bytes]),
      )
      expect(together).toContain(long)
    }
    // Some ids are remembered: all who use them get the same bytes. For the others, what leaves together is one piece.
    expect(payload.frame(new NextOpening('é0'))).toBe(payload.frame(new NextOpening('é0')))
    const [last] = ids.slice(-1).map((id) => payload.frame(new NextOpening(id)))
    expect(new BufferCoalescer().coalesce([...(last ?? []), ...(last ?? [])])).toHaveLength(1)
  })

  test('goes out at once while nobody wants anything else, and little by little while many do, in order', async () => {
    const clock = useFakeClock()
    let load = 0
    const scheduler = new WriteScheduler(() => load, new MemoryBudget(BOUNDS))
    const streams = Array.from({ length: 100 }, () => new PassThrough())
    const write = (texts: readonly string[]): void => {
      const event = {}
      for (const stream of streams) {
        for (const text of texts) scheduler.writer(stream, () => true).write(pieces(text), event)
      }
    }
    const done = (): number => streams.filter((stream) => stream.readableLength > 0).length
    write(['one ', 'two '])
    await turn()
    expect(done()).toBe(100)
    for (const stream of streams) expect(String(stream.read())).toBe('one two ')
    load = 100
    write(['three '])
    await turn()
    expect(done()).toBeGreaterThan(0)
    expect(done()).toBeLessThan(20)
    write(['four '])
    await clock.pass(500)
    for (const stream of streams) expect(String(stream.read())).toBe('three four ')
  })

  test.each(Array.from({ length: 24 }, (_, load) => load))(
    'goes out to all, whatever else is wanted: %s operations',
    async (load) => {
      const clock = useFakeClock()
      const scheduler = new WriteScheduler(() => load, new MemoryBudget(BOUNDS))
      const streams = Array.from({ length: 20 }, () => new PassThrough())
      const event = {}
      for (const stream of streams) scheduler.writer(stream, () => true).write(pieces('x'), event)
      await clock.pass(100)
      expect(streams.map((stream) => stream.readableLength)).toEqual(streams.map(() => 1))
    },
  )

  test('goes to one reader soon, however many others get something else meanwhile', async () => {
    const clock = useFakeClock()
    const scheduler = new WriteScheduler(() => 100, new MemoryBudget(BOUNDS))
    const [lone, ...others] = Array.from({ length: 1_001 }, () => new PassThrough())
    const write = (streams: readonly PassThrough[]): void => {
      const event = {}
      for (const stream of streams) scheduler.writer(stream, () => true).write(pieces('x'), event)
    }
    if (lone === undefined) throw new Error('There is one.')
    write(others.slice(0, 900))
    write([lone])
    write(others.slice(900))
    const gone = (): number => others.filter((stream) => stream.readableLength > 0).length
    while (lone.readableLength === 0 && gone() < others.length) await clock.pass(1)
    expect(gone()).toBeLessThan(20)
    await clock.pass(5_000)
    expect(gone()).toBe(others.length)
  })

  test('waits where a connection takes no more, and goes on when it does or is gone', async () => {
    const scheduler = new WriteScheduler(() => 0, new MemoryBudget(BOUNDS))
    const stream = new PassThrough({ highWaterMark: 10 })
    const writer = scheduler.writer(stream, () => true)
    let resumed = 0
    const canWrite = (): boolean => writer.canWrite(() => resumed++)
    expect(canWrite()).toBe(true)
    writer.write(pieces('more than it takes at once'), {})
    writer.flush()
    await turn()
    expect([canWrite(), resumed]).toEqual([false, 0])
    stream.resume()
    await until(() => expect(resumed).toBe(1))
    expect(canWrite()).toBe(true)
    stream.pause()
    writer.write(pieces('more than it takes at once'), {})
    writer.flush()
    expect(canWrite()).toBe(false)
    stream.destroy()
    await until(() => expect(resumed).toBe(2))
    expect(canWrite()).toBe(true)
  })

  test('waits for no connection whose events went along with answers, however often they did', async () => {
    const clock = useFakeClock()
    const scheduler = new WriteScheduler(() => 100, new MemoryBudget(BOUNDS))
    const [talker, reader] = [new PassThrough({ highWaterMark: 100_000 }), new PassThrough()]
    for (let i = 0; i < 20_000; i++) {
      scheduler.writer(talker, () => true).write(pieces('x'), {})
      scheduler.writer(talker, () => true).flush()
    }
    scheduler.writer(reader, () => true).write(pieces('event'), {})
    await clock.pass(5)
    expect(reader.readableLength).toBe(5)
    expect(talker.readableLength).toBe(20_000)
  })

  test('rests for a moment only after a turn in which the whole process stood still', async () => {
    const clock = useFakeClock()
    const scheduler = new WriteScheduler(() => 100, new MemoryBudget(BOUNDS))
    const stalling = new Duplex({
      read: () => {},
      write: (_chunk, _encoding, done) => {
        clock.spend(300)
        done()
      },
    })
    const readers = Array.from({ length: 8 }, () => new PassThrough())
    for (const stream of [stalling, ...readers]) scheduler.writer(stream, () => true).write(pieces('event'), {})
    const done = (): number => readers.filter((reader) => reader.readableLength === 5).length
    await clock.pass(80)
    expect(done()).toBeLessThan(8)
    await clock.pass(80)
    expect(done()).toBe(8)
  })
})

test('a round after which the whole process stood still is followed by the next within a second', () => {
  useFakeClock()
  const pacer = new BroadcastPacer()
  pacer.start(10, 18)
  pacer.addElapsed(5_000)
  expect(pacer.delayMs(10)).toBeGreaterThan(0)
  expect(pacer.delayMs(10)).toBeLessThanOrEqual(1_000)
})
