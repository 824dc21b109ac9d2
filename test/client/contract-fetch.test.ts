import { vi } from 'vitest'
import { databaseContract } from '../contract/database.ts'
import { clientSubject, STREAM_SKIPS } from '../support/client/subject.ts'

// Each write goes through a real server: thousands of them take their time on a busy machine.
vi.setConfig({ testTimeout: 300_000 })

databaseContract(clientSubject({ name: 'the client by fetch alone', options: {}, sockets: false, skip: STREAM_SKIPS }))
