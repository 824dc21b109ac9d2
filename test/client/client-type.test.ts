import { expectTypeOf, expect, test } from 'vitest'
import { connect } from '../../src/client/connect.ts'
import type { Client } from '../../src/client/client.ts'
import type { Database } from '../../src/core/database.ts'

test('a client is a Database whose every call takes a signal', async () => {
  const client = connect('')
  const _: Database = client
  expect(_).toBe(client)
  expectTypeOf(client).toExtend<Database>()
  type OptionsOf<Verb extends keyof Database> = Parameters<Client[Verb]>
  const signal = AbortSignal.abort(new Error('no'))
  const calls: readonly [OptionsOf<'get'>, OptionsOf<'put'>, OptionsOf<'documents'>, OptionsOf<'diff'>] = [
    ['a/1', { signal, depth: 1 }],
    ['a/1', 1, { signal, optimistic: false, key: 'k' }],
    ['a', { signal, first: 1 }],
    ['a/1', { signal, from: { version: 1 } }],
  ]
  await expect(client.get(...calls[0])).rejects.toThrow('no')
  await expect(client.put(...calls[1])).rejects.toThrow('no')
  await client.close()
})
