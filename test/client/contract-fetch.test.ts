import { databaseContract } from '../contract/database.ts'
import { clientSubject, REMOTE_SKIPS } from '../support/client/subject.ts'

databaseContract(clientSubject({ name: 'the client by fetch alone', options: {}, sockets: false, skip: REMOTE_SKIPS }))
