import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serverAudits } from 'graphql-http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inProcess } from './in-process.ts'

// graphql-http asks `{ __typename }` and operations on fields that no schema has, so the database is not reached.
const { yoga, reported } = inProcess()
let server: Server
let url = ''

beforeAll(async () => {
  server = createServer((request, response) => void yoga(request, response))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`
})

afterAll(async () => {
  server.closeAllConnections()
  await once(server.close(), 'close')
})

describe('GraphQL over HTTP', () => {
  const audits = serverAudits({ url: () => url, fetchFn: fetch })

  test('has 61 audits', () => {
    expect(audits).toHaveLength(61)
  })

  test.each(audits.map((audit) => [audit.name, audit] as const))('%s', async (_, audit) => {
    expect(await audit.fn()).toMatchObject({ status: 'ok' })
    expect(reported).toEqual([])
  })
})
