import { databaseContract } from '../contract/database.ts'
import { clientSubject, REMOTE_SKIPS } from '../support/client/subject.ts'

databaseContract(clientSubject({ name: 'the client over WebSocket', options: { transport: 'ws' }, skip: REMOTE_SKIPS }))
