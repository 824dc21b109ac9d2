import { vi } from 'vitest'
import { databaseContract } from '../contract/database.ts'
import { clientSubject, STREAM_SKIPS } from '../support/client/subject.ts'

// Each write goes through a real server: thousands of them take their time on a busy machine.
vi.setConfig({ testTimeout: 300_000 })

databaseContract(
  clientSubject({ name: 'the client over event streams', options: { transport: 'sse' }, skip: STREAM_SKIPS }),
)
