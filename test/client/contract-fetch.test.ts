import { vi } from 'vitest'
import { feedContract } from '../contract/database.ts'
import { clientSubject, STREAM_SKIPS } from '../support/client/subject.ts'

// Each write goes through a real server: thousands of them take their time on a busy machine.
vi.setConfig({ testTimeout: 300_000 })

// Calls are those of contract-sse.test.ts; feeds take event streams after two sockets that were refused.
feedContract(clientSubject({ name: 'the client by fetch alone', options: {}, sockets: false, skip: STREAM_SKIPS }))
