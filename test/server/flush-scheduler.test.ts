import { Duplex, PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { BroadcastPacer } from '../../src/db/feed/cohort/broadcast-pacer.ts'
import { BOUNDS } from '../../src/server/config/config.ts'
import { MemoryBudget } from '../../src/server/limits/memory-budget.ts'
import { BufferCoalescer } from '../../src/server/broadcast/buffer-coalescer.ts'
import { FlushScheduler } from '../../src/server/broadcast/flush-scheduler.ts'
import { NextOpening, Payload } from '../../src/server/broadcast/payload.ts'
import { until } from '../support/time/until.ts'
import { turn } from '../support/time/turns.ts'
import { useFakeClock, type FakeClock } from '../support/time/fake-clock.ts'

const pieces = (...texts: readonly string[]): readonly Buffer[] => texts.map((text) => Buffer.from(text))

/** A socket each write to which takes some time. */
class SlowSocket extends Duplex {
  readonly written: string[] = []

  constructor(clock: FakeClock, writeMs = 0.01) {
    super({
      read: () => {},
      write: (chunk, _encoding, done) => {
        clock.spend(writeMs)
        this.written.push(String(chunk))
        done()
      },
    })
  }
}

function countWritten(sockets: readonly SlowSocket[]): number {
  return sockets.filter(({ written }) => written.length > 0).length
}

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

  test('goes out in short turns while the server is not under load, to each connection in one write', async () => {
    const clock = useFakeClock()
    const scheduler = new FlushScheduler(() => 1, new MemoryBudget(BOUNDS))
    const sockets = Array.from({ length: 50 }, () => new SlowSocket(clock))
    const event = {}
    for (const text of ['one ', 'two ']) {
      for (const socket of sockets) scheduler.writer(socket, () => true).write(pieces(text), event)
    }
    await turn()
    // 0.3 ms, at 0.01 ms for a write.
    expect(countWritten(sockets)).toBeGreaterThanOrEqual(30)
    expect(countWritten(sockets)).toBeLessThan(50)
    await turn()
    expect(sockets.map(({ written }) => written.join(''))).toEqual(sockets.map(() => 'one two '))
  })

  test('takes its share of the time under load, and all of it again when that is over', async () => {
    const clock = useFakeClock()
    let share = 0.05
    const scheduler = new FlushScheduler(() => share, new MemoryBudget(BOUNDS))
    const sockets = Array.from({ length: 1_000 }, () => new SlowSocket(clock))
    const event = {}
    for (const socket of sockets) scheduler.writer(socket, () => true).write(pieces('x'), event)
    await turn()
    const before = countWritten(sockets)
    for (let ms = 0; ms < 100; ms++) await clock.pass(1)
    // 5 ms of 100; a turn may take one write longer than its share.
    expect(countWritten(sockets) - before).toBeGreaterThan(400)
    expect(countWritten(sockets) - before).toBeLessThan(700)
    share = 1
    for (let ms = 0; ms < 2; ms++) await clock.pass(1)
    expect(countWritten(sockets)).toBe(1_000)
  })

  test('goes to one reader soon under load, however many others get something else meanwhile', async () => {
    const clock = useFakeClock()
    const scheduler = new FlushScheduler(() => 0.05, new MemoryBudget(BOUNDS))
    const [lone, ...others] = Array.from({ length: 1_001 }, () => new SlowSocket(clock))
    const write = (sockets: readonly SlowSocket[]): void => {
      const event = {}
      for (const socket of sockets) scheduler.writer(socket, () => true).write(pieces('x'), event)
    }
    if (lone === undefined) throw new Error('There is one.')
    write(others.slice(0, 900))
    write([lone])
    write(others.slice(900))
    while (lone.written.length === 0 && countWritten(others) < others.length) await clock.pass(1)
    expect(countWritten(others)).toBeLessThan(50)
    for (let ms = 0; ms < 250; ms++) await clock.pass(1)
    expect(countWritten(others)).toBe(others.length)
  })

  test('waits where a connection takes no more, and goes on when it does or is gone', async () => {
    const scheduler = new FlushScheduler(() => 1, new MemoryBudget(BOUNDS))
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
    const scheduler = new FlushScheduler(() => 0.05, new MemoryBudget(BOUNDS))
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

  test('goes on within a millisecond after a turn in which the whole process stood still', async () => {
    const clock = useFakeClock()
    const scheduler = new FlushScheduler(() => 0.05, new MemoryBudget(BOUNDS))
    const sockets = [new SlowSocket(clock, 300), ...Array.from({ length: 4 }, () => new SlowSocket(clock))]
    for (const socket of sockets) scheduler.writer(socket, () => true).write(pieces('event'), {})
    for (let ms = 0; ms < 8; ms++) await clock.pass(1)
    expect(countWritten(sockets)).toBe(5)
  })
})

describe('the next broadcast of a cohort', () => {
  test('starts when all readers of the last one wait again, or after 20 ms', async () => {
    const clock = useFakeClock()
    const pacer = new BroadcastPacer(() => 1)
    pacer.start(10)
    pacer.addTurn(1)
    expect([pacer.isComplete(9), pacer.delayMs(9)]).toEqual([false, 20])
    expect([pacer.isComplete(10), pacer.delayMs(10)]).toEqual([true, 0])
    await clock.pass(20)
    expect(pacer.delayMs(9)).toBe(0)
    // The reader that did not come is not waited for again.
    pacer.start(9)
    expect(pacer.delayMs(9)).toBe(0)
  })

  test('leaves the event loop under load, for less than a second after the process stood still', () => {
    const clock = useFakeClock()
    const pacer = new BroadcastPacer(() => 0.05)
    pacer.start(10)
    clock.spend(2)
    pacer.addTurn(2)
    expect(pacer.delayMs(10)).toBeCloseTo(38)
    clock.spend(5_000)
    pacer.addTurn(5_000)
    expect(pacer.delayMs(10)).toBeGreaterThan(0)
    expect(pacer.delayMs(10)).toBeLessThan(1_000)
  })
})
