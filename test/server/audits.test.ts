import { serverAudits } from 'graphql-http'
import { expect, test } from 'vitest'
import { openServer } from '../support/server/fixture.ts'

test('the audits of GraphQL over HTTP give no error, no warning and no notice', async () => {
  const { endpoint } = await openServer()
  const audits = serverAudits({ url: endpoint, fetchFn: fetch })
  const results = await Promise.all(audits.map(({ fn }) => fn()))
  expect(results).toHaveLength(61)
  expect(results.filter(({ status }) => status !== 'ok').map(({ id, name, status }) => ({ id, name, status }))).toEqual(
    [],
  )
})
