import { MongoClient } from 'mongodb'
import { expect, onTestFinished } from 'vitest'
import { until } from '../time/until.ts'
import type { MongoServer } from './server.ts'

/** How long the primary must not stand again, s. */
const STEP_DOWN_S = 2

/**
 * Ends the office of the primary, and resolves when there is one again: on a set by `replSetStepDown`; before the
 * stand-in the proxy says meanwhile that there is none, and then that there is another.
 */
export async function elect({ setUrl, proxy }: MongoServer): Promise<void> {
  if (setUrl === null) {
    proxy.greetAs('secondary')
    const greetings = proxy.record('hello')
    await until(() => expect(greetings.commands.length).toBeGreaterThan(2))
    greetings.stop()
    proxy.greetAs('primary')
    return
  }
  const client = new MongoClient(setUrl)
  onTestFinished(() => client.close())
  const admin = client.db('admin')
  const termOf = async (): Promise<unknown> => {
    const { electionId, isWritablePrimary } = await admin.command({ hello: 1 })
    return isWritablePrimary === true ? String(electionId) : null
  }
  const before = await termOf()
  // A set of one member has nobody who could catch up.
  await admin.command({ replSetStepDown: STEP_DOWN_S, secondaryCatchUpPeriodSecs: 1, force: true })
  await until(async () => {
    const term = await termOf()
    expect(term).not.toBeNull()
    expect(term).not.toBe(before)
  })
}
