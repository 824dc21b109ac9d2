import { describe, expect, test } from 'vitest'
import type { LoggedCommit } from '../support/writers/history-run.ts'
import { linearizable, type Operation } from '../support/laws/linearizable.ts'
import { contiguous, dense, kept, lively, type Acknowledged } from '../support/laws/log.ts'
import { serializable, type Transaction } from '../support/laws/serializable.ts'
import type { Verdict } from '../support/laws/verdict.ts'

type Write = readonly [path: string, version: number, type: 'NEW' | 'UPDATE' | 'DELETE']

function commit(revision: number, ...writes: readonly Write[]): LoggedCommit {
  const id = `commit-${revision}`
  const changes = writes.map(([path, version, type]) => ({
    revision,
    commit: id,
    path,
    version,
    type,
    value: type === 'DELETE' ? 'null' : `${revision}`,
  }))
  return { revision, id, at: `2026-01-01T00:00:00.00${revision}Z`, changes }
}

const FIRST = commit(1, ['a/1', 1, 'NEW'])
const SECOND = commit(2, ['a/1', 2, 'UPDATE'], ['a/2', 1, 'NEW'])
const THIRD = commit(3, ['a/1', 3, 'DELETE'])
const FOURTH = commit(4, ['a/1', 4, 'NEW'])
const LOG = [FIRST, SECOND, THIRD, FOURTH]

function acknowledgement({ id, revision, changes }: LoggedCommit): Acknowledged {
  return { id, revision, writes: changes.map(({ path, version, value }) => ({ path, version, value })) }
}

const LOG_LAWS: Readonly<Record<string, (log: readonly LoggedCommit[]) => Verdict>> = {
  contiguous,
  dense,
  lively,
  kept: (log) => kept(LOG.map(acknowledgement), log),
}

const BAD_LOGS: Readonly<Record<string, { readonly breaks: string; readonly log: readonly LoggedCommit[] }>> = {
  'a revision is missing': { breaks: 'contiguous', log: [FIRST, THIRD] },
  'a revision stands twice': { breaks: 'contiguous', log: [FIRST, FIRST, SECOND] },
  'it does not begin at 1': { breaks: 'contiguous', log: [SECOND, THIRD] },
  'two revisions are swapped': { breaks: 'contiguous', log: [SECOND, FIRST] },
  'time runs backwards': { breaks: 'contiguous', log: [{ ...FIRST, at: '2026-01-02T00:00:00.000Z' }, SECOND] },
  'one commit has two revisions': { breaks: 'contiguous', log: [FIRST, { ...SECOND, id: FIRST.id }] },
  'a version is skipped': { breaks: 'dense', log: [FIRST, commit(2, ['a/1', 3, 'UPDATE'])] },
  'a version is made twice': { breaks: 'dense', log: [FIRST, commit(2, ['a/1', 1, 'UPDATE'])] },
  'a document that comes back begins at 1 again': {
    breaks: 'dense',
    log: [FIRST, SECOND, THIRD, commit(4, ['a/1', 1, 'NEW'])],
  },
  'a document is new while it is there': { breaks: 'lively', log: [FIRST, commit(2, ['a/1', 2, 'NEW'])] },
  'a deleted document is changed': { breaks: 'lively', log: [FIRST, SECOND, THIRD, commit(4, ['a/1', 4, 'UPDATE'])] },
  'a document that is not there is deleted': { breaks: 'lively', log: [commit(1, ['a/1', 1, 'DELETE'])] },
  'a tombstone has a value': {
    breaks: 'lively',
    log: [FIRST, { ...SECOND, changes: SECOND.changes.map((change) => ({ ...change, type: 'DELETE' as const })) }],
  },
  'an acknowledged commit is lost': { breaks: 'kept', log: [FIRST, SECOND, THIRD] },
  'an acknowledged commit has another revision': {
    breaks: 'kept',
    log: [FIRST, SECOND, { ...THIRD, id: FOURTH.id }, { ...FOURTH, id: THIRD.id }],
  },
  'an acknowledged value is another one': {
    breaks: 'kept',
    log: [{ ...FIRST, changes: FIRST.changes.map((change) => ({ ...change, value: '9' })) }, SECOND, THIRD, FOURTH],
  },
  'half of an acknowledged commit is lost': {
    breaks: 'kept',
    log: [FIRST, { ...SECOND, changes: SECOND.changes.slice(1) }, THIRD, FOURTH],
  },
  'an acknowledged commit wrote more than it said': {
    breaks: 'kept',
    log: [{ ...FIRST, changes: [...FIRST.changes, ...SECOND.changes.slice(1)] }, SECOND, THIRD, FOURTH],
  },
}

describe('the judges of logs', () => {
  test('accept a good log', () => {
    expect(Object.values(LOG_LAWS).flatMap((law) => law(LOG))).toEqual([])
  })

  test('accept a part of a good log beside what came before it', () => {
    expect([...contiguous(LOG.slice(2), 2), ...dense(LOG.slice(2), new Map([['a/1', 2]]))]).toEqual([])
  })

  for (const [name, { breaks, log }] of Object.entries(BAD_LOGS)) {
    test(`reject a log as not ${breaks} when ${name}`, () => {
      expect(LOG_LAWS[breaks]?.(log)).not.toEqual([])
    })
  }
})

function op(
  kind: 'read' | 'write',
  version: number,
  [call, back]: readonly [number, number],
  value = version === 0 ? 'null' : `${version}`,
): Operation {
  return { kind, path: 'a/1', version, value, call, back }
}

const LINEARIZABLE: Readonly<Record<string, readonly Operation[]>> = {
  'operations one after the other': [
    op('read', 0, [1, 2]),
    op('write', 1, [3, 4]),
    op('read', 1, [5, 6]),
    op('write', 2, [7, 8]),
  ],
  'a read that meets what a write beside it makes': [op('write', 1, [1, 4]), op('read', 1, [2, 3])],
  'a read that does not yet meet what a write beside it makes': [op('write', 1, [1, 4]), op('read', 0, [2, 3])],
  'writes beside each other in either order': [op('write', 2, [1, 4]), op('write', 1, [2, 3])],
  'a write without an answer that a later read meets': [op('write', 1, [1, Infinity]), op('read', 1, [8, 9])],
  'another document at its own pace': [op('write', 1, [1, 2]), { ...op('read', 0, [3, 4]), path: 'a/2' }],
}

const NOT_LINEARIZABLE: Readonly<Record<string, readonly Operation[]>> = {
  'a read misses a write that was over': [op('write', 1, [1, 2]), op('read', 0, [3, 4])],
  'a read goes back behind another read': [
    op('write', 1, [1, 2]),
    op('write', 2, [3, 10]),
    op('read', 2, [4, 5]),
    op('read', 1, [6, 7]),
  ],
  'a read meets a write that has not begun': [op('read', 1, [1, 2]), op('write', 1, [3, 4])],
  'a read meets a write that failed': [op('write', 1, [1, 2]), op('read', 2, [3, 4])],
  'two writes make the same version': [op('write', 1, [1, 4], '"x"'), op('write', 1, [2, 3], '"y"')],
  'a later write makes an earlier version': [op('write', 2, [1, 2]), op('write', 1, [3, 4])],
  'a read meets a value that is not the one of its version': [op('write', 1, [1, 2]), op('read', 1, [3, 4], '"x"')],
  'a write with an old version follows a read of a new one': [
    op('write', 2, [1, 20]),
    op('read', 2, [2, 3]),
    op('write', 1, [4, 5]),
  ],
}

describe('the judge of documents', () => {
  for (const [name, operations] of Object.entries(LINEARIZABLE)) {
    test(`accepts ${name}`, () => {
      expect(linearizable(operations)).toEqual([])
    })
  }

  for (const [name, operations] of Object.entries(NOT_LINEARIZABLE)) {
    test(`rejects a history when ${name}`, () => {
      expect(linearizable(operations)).not.toEqual([])
    })
  }
})

type Met = Readonly<Record<string, number>>

function transaction(
  revision: number,
  { met = {}, made = {} }: { met?: Met; made?: Met },
  [call, back]: readonly [number, number] = [0, 100],
): Transaction {
  return { revision, met: new Map(Object.entries(met)), made: new Map(Object.entries(made)), call, back }
}

const SERIALIZABLE: Readonly<Record<string, readonly Transaction[]>> = {
  'transactions that build on each other': [
    transaction(1, { met: { a: 0 }, made: { a: 1 } }),
    transaction(2, { met: { a: 1 }, made: { b: 1 } }),
  ],
  'transactions that were told in another order': [
    transaction(2, { met: { a: 1 }, made: { a: 2 } }),
    transaction(1, { made: { a: 1 } }),
  ],
  'revisions that others took in between': [
    transaction(3, { made: { a: 1 } }),
    transaction(9, { met: { a: 1 }, made: { b: 1 } }),
  ],
}

const NOT_SERIALIZABLE: Readonly<Record<string, readonly Transaction[]>> = {
  'an update is lost': [
    transaction(1, { made: { a: 1 } }),
    transaction(2, { met: { a: 1 }, made: { a: 2 } }),
    transaction(3, { met: { a: 1 }, made: { a: 2 } }),
  ],
  'writes are skewed: each checks what the other writes': [
    transaction(1, { made: { a: 1, b: 1 } }),
    transaction(2, { met: { a: 1, b: 1 }, made: { a: 2 } }),
    transaction(3, { met: { a: 1, b: 1 }, made: { b: 2 } }),
  ],
  'a check meets a state that never was': [
    transaction(1, { made: { a: 1, b: 1 } }),
    transaction(2, { met: { a: 1, b: 0 }, made: { c: 1 } }),
  ],
  'a transaction is half done': [
    transaction(1, { made: { a: 1, b: 1 } }),
    transaction(2, { made: { a: 2 } }),
    transaction(3, { met: { a: 2, b: 2 }, made: { c: 1 } }),
  ],
  'two transactions have one revision': [transaction(1, { made: { a: 1 } }), transaction(1, { made: { b: 1 } })],
  'one that began after another was over comes before it': [
    transaction(2, { made: { a: 1 } }, [1, 2]),
    transaction(1, { made: { b: 1 } }, [3, 4]),
  ],
}

describe('the judge of transactions', () => {
  for (const [name, transactions] of Object.entries(SERIALIZABLE)) {
    test(`accepts ${name}`, () => {
      expect(serializable(transactions)).toEqual([])
    })
  }

  for (const [name, transactions] of Object.entries(NOT_SERIALIZABLE)) {
    test(`rejects a history when ${name}`, () => {
      expect(serializable(transactions)).not.toEqual([])
    })
  }
})
