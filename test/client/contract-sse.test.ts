import { databaseContract } from '../contract/database.ts'
import { clientSubject, REMOTE_SKIPS } from '../support/client/subject.ts'

databaseContract(
  clientSubject({ name: 'the client over event streams', options: { transport: 'sse' }, skip: REMOTE_SKIPS }),
)
