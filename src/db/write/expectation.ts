import type { Expect } from '../../core/database.ts'
import { DatabaseError } from '../../core/error.ts'
import { pathText, type Path } from '../../core/path.ts'
import type { DocumentHead } from './staged-documents.ts'

/** Throws CONFLICT, with the current version and value, unless the document meets the expectation; undefined: none. */
export function checkExpectation(head: DocumentHead | null, path: Path, expect: Expect | undefined): void {
  if (expect === undefined || holds(head, expect)) return
  const text = pathText(path)
  const version = head?.version ?? 0
  const now = version === 0 ? 'was never written' : head?.deleted === true ? `was deleted at version ${version}` : `is at version ${version}`
  throw new DatabaseError('CONFLICT', `${text} ${now}, which breaks the expectation ${JSON.stringify(expect)}. Read it again, then decide.`, {
    path: text,
    check: expect,
    version,
    value: head?.value ?? null,
  })
}

function holds(head: DocumentHead | null, expect: Expect): boolean {
  const lives = head !== null && !head.deleted
  if ('version' in expect) return (head?.version ?? 0) === expect.version
  return 'absent' in expect ? expect.absent !== lives : expect.exists === lives
}
