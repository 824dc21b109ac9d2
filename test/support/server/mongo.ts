import type { MongoSuite } from '../mongo/suite.ts'
import { runCli, type CliProcess } from '../process-cli.ts'

/** A whole server on the running test's database; it is gone after the test. */
export interface MongoTidemark {
  readonly graphql: string
  readonly url: string
  readonly process: CliProcess
}

/** Starts `tidemark start --mongodb` on the suite's server, or on another address of it, and waits until it listens. */
export async function startOnMongo(mongo: MongoSuite, address: string = mongo.server.url): Promise<MongoTidemark> {
  const [, before = address, query = ''] = /^(mongodb:\/\/[^/]+)\/(.*)$/.exec(address) ?? []
  const process = runCli(['start', '--port', '0', '--mongodb', `${before}/${mongo.database}${query}`], {
    script: ['bin/tidemark.js'],
  })
  const { graphql, url } = await process.ready()
  return { graphql, url, process }
}

/** What /readyz says. */
export interface Readiness {
  readonly status: number
  readonly reason: string | undefined
}

/** Asks a server whether it is ready. */
export async function readiness(url: string): Promise<Readiness> {
  const response = await fetch(`${url}/readyz`)
  const { reason } = (await response.json()) as { reason?: string }
  return { status: response.status, reason }
}
