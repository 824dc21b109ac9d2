import { expect, test } from 'vitest'
import { Liveness, type LivenessAction } from '../../src/server/ws/liveness.ts'

const PING_MS = 12_000

/** What is due, second by second; `answers` says at which seconds a pong comes, `deaf` when nothing is read. */
function run(
  seconds: number,
  {
    answers = () => false,
    paused = () => false,
  }: { readonly answers?: (second: number) => boolean; readonly paused?: (second: number) => boolean } = {},
): readonly string[] {
  const liveness = new Liveness(PING_MS, 0)
  const actions: [number, LivenessAction][] = []
  for (let second = 0; second <= seconds; second++) {
    if (answers(second)) liveness.onPong()
    if (paused(second)) liveness.onPaused(second * 1_000)
    else actions.push([second, liveness.next(second * 1_000)])
  }
  return actions.filter(([, action]) => action !== 'nothing').map(([second, action]) => `${second} ${action}`)
}

test('a peer that answers no ping is gone after two, 24 seconds after it came', () => {
  expect(run(24)).toEqual(['0 ping', '12 ping', '24 gone'])
})

test('a peer that answers one of two pings stays', () => {
  expect(run(72, { answers: (second) => second % 24 === 13 })).toEqual(
    [0, 12, 24, 36, 48, 60, 72].map((second) => `${second} ping`),
  )
})

test('a peer that stops to answer is gone 24 seconds after the first ping that it did not answer', () => {
  expect(run(60, { answers: (second) => second < 30 })).toEqual([
    '0 ping',
    '12 ping',
    '24 ping',
    '36 ping',
    '48 ping',
    '60 gone',
  ])
})

test('while a peer is not read from, it is neither pinged nor gone, and then it has its time again', () => {
  expect(run(60, { paused: (second) => second >= 20 && second < 40 })).toEqual(['0 ping', '12 ping', '51 gone'])
  expect(run(60, { paused: (second) => second >= 20 && second < 40, answers: (second) => second === 41 })).toEqual([
    '0 ping',
    '12 ping',
    '51 ping',
  ])
})
