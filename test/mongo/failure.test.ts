import { MongoServerError } from 'mongodb'
import { expect, test } from 'vitest'
import { failureOf, isTransient } from '../../src/store/mongo/failure.ts'

/** Codes after which the same command may succeed later. */
const PASSING = [
  24, 43, 46, 63, 117, 136, 146, 148, 150, 175, 211, 217, 225, 237, 249, 301, 317, 365, 462, 10_107, 11_601,
] as const

test('an error that passes by itself is UNAVAILABLE, and tried again', () => {
  for (const code of PASSING) {
    const error = new MongoServerError({ message: 'refused', code })
    expect([code, isTransient(error)]).toEqual([code, true])
    expect(failureOf(error)).toMatchObject({ code: 'UNAVAILABLE', details: { retryAfterMs: 1_000 } })
  }
})

test('so is one that the server or the driver labels as such, whatever its code', () => {
  const labels = ['RetryableWriteError', 'RetryableError', 'SystemOverloadedError', 'ResumableChangeStreamError']
  for (const label of labels) {
    const error = new MongoServerError({ message: 'refused', code: 999_999, errorLabels: [label] })
    expect([label, isTransient(error)]).toEqual([label, true])
    expect(failureOf(error)).toMatchObject({ code: 'UNAVAILABLE' })
  }
})

test('an error that says that the command is wrong is none of these', () => {
  const error = new MongoServerError({ message: 'unknown operator', code: 2 })
  expect([isTransient(error), failureOf(error)]).toEqual([false, error])
})
