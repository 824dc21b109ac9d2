import { vi } from 'vitest'
import { databaseContract } from '../contract/database.ts'
import { clientSubject, REMOTE_SKIPS } from '../support/client/subject.ts'

// Each write goes through a real server: thousands of them take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

databaseContract(clientSubject({ name: 'the client over WebSocket', options: { transport: 'ws' }, skip: REMOTE_SKIPS }))
