import type { Reporter, TestModule } from 'vitest/node'
import { chooseMongo } from './server.ts'

/** Ends a run with the server on which the MongoDB adapter was verified. */
export default class MongoReporter implements Reporter {
  async onTestRunEnd(modules: readonly TestModule[]): Promise<void> {
    const ours = modules.filter((module) => module.moduleId.includes('/test/mongo/'))
    if (ours.length === 0) return
    const passed = ours.flatMap((module) => [...module.children.allTests('passed')])
    const choice = await chooseMongo().catch((error: unknown) => ({ kind: 'none', label: String(error) }))
    const streams = choice.kind === 'stand-in' ? ' with simulated change streams' : ''
    const failed = ours.some((module) => module.state() === 'failed')
    const verdict = failed ? `FAILED on ${choice.label}${streams}` : `${choice.label}${streams}`
    console.log(
      `MongoDB adapter: ${choice.kind === 'none' || passed.length === 0 ? `NOT verified: ${choice.label}` : verdict}`,
    )
  }
}
