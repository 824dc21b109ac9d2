import { describe, expect, test } from 'vitest'
import type { FollowerRun, LoggedCommit, SeenBatch, SeenChange } from '../support/writers/history-run.ts'
import { brokenFeedLaws, FEED_LAWS, type FollowedRun } from '../support/laws/feed.ts'

/** Six commits: the fourth writes three documents at once, the fifth only what nobody follows. */
const LOG: readonly LoggedCommit[] = [
  commit(1, ['a/1', 1]),
  commit(2, ['a/2', 1]),
  commit(3, ['a/1', 2]),
  commit(4, ['a/1', 3], ['b/1', 1], ['a/3', 1]),
  commit(5, ['z/1', 1]),
  commit(6, ['a/2', 2]),
]

const isFollowed = ({ path }: SeenChange): boolean => path.startsWith('a/')

function commit(revision: number, ...writes: readonly (readonly [path: string, version: number])[]): LoggedCommit {
  const id = `commit-${revision}`
  const changes = writes.map(([path, version]) => ({
    revision,
    commit: id,
    path,
    version,
    type: version === 1 ? ('NEW' as const) : ('UPDATE' as const),
    value: `${revision}`,
  }))
  return { revision, id, at: `2026-01-01T00:00:00.00${revision}Z`, changes }
}

/** The batch that ends at `cursor` with the followed changes of some commits. */
function batch(cursor: number, revisions: readonly number[], upToDate = cursor === 6): SeenBatch {
  return {
    cursor,
    upToDate,
    changes: revisions.flatMap((revision) => LOG[revision - 1]?.changes ?? []).filter(isFollowed),
  }
}

function without(whole: SeenBatch, path: string): SeenBatch {
  return { ...whole, changes: whole.changes.filter((change) => change.path !== path) }
}

function followed(run: FollowerRun): FollowedRun {
  return { run, log: LOG, selects: isFollowed }
}

const START = { after: 0 } as const

const GOOD: Readonly<Record<string, FollowerRun>> = {
  'all in one batch': [{ ...START, batches: [batch(6, [1, 2, 3, 4, 6])] }],
  'a batch for each commit': [
    { ...START, batches: [batch(1, [1]), batch(2, [2]), batch(3, [3]), batch(4, [4]), batch(6, [6])] },
  ],
  'a heartbeat that moves the cursor over what is not followed': [
    { ...START, batches: [batch(4, [1, 2, 3, 4]), batch(5, []), batch(6, [6])] },
  ],
  'a beginning in the middle': [{ after: 3, batches: [batch(4, [4]), batch(6, [6])] }],
  'a death after every batch': [
    { after: 0, batches: [batch(2, [1, 2])] },
    { after: 2, batches: [batch(4, [3, 4])] },
    { after: 4, batches: [batch(6, [6])] },
  ],
  'a death that lost a batch which was not stored': [
    { after: 0, batches: [batch(1, [1]), batch(3, [2, 3])] },
    { after: 3, batches: [batch(6, [4, 6])] },
  ],
  'a session that brought nothing': [
    { after: 0, batches: [batch(3, [1, 2, 3])] },
    { after: 3, batches: [] },
    { after: 3, batches: [batch(6, [4, 6])] },
  ],
}

interface BadRun {
  readonly breaks: string
  readonly run: FollowerRun
}

const BAD: Readonly<Record<string, BadRun>> = {
  'two commits are swapped': {
    breaks: 'ordered',
    run: [{ ...START, batches: [batch(1, [1]), batch(3, [3]), batch(3, [2]), batch(6, [4, 6])] }],
  },
  'two commits are swapped within a batch': {
    breaks: 'ordered',
    run: [{ ...START, batches: [batch(6, [1, 3, 2, 4, 6])] }],
  },
  'a commit is delivered twice': {
    breaks: 'unique',
    run: [{ ...START, batches: [batch(2, [1, 2]), batch(3, [2, 3]), batch(6, [4, 6])] }],
  },
  'a commit is delivered again after a resume': {
    breaks: 'unique',
    run: [
      { ...START, batches: [batch(2, [1, 2])] },
      { after: 2, batches: [batch(6, [2, 3, 4, 6])] },
    ],
  },
  'a commit is missing in the middle': {
    breaks: 'reliable',
    run: [{ ...START, batches: [batch(1, [1]), batch(3, [3]), batch(6, [4, 6])] }],
  },
  'one change of a commit is missing': {
    breaks: 'reliable',
    run: [{ ...START, batches: [without(batch(6, [1, 2, 3, 4, 6]), 'a/3')] }],
  },
  'the last commit is missing': {
    breaks: 'reliable',
    run: [{ ...START, batches: [batch(4, [1, 2, 3, 4]), batch(6, [])] }],
  },
  'a change is not the one of the log': {
    breaks: 'reliable',
    run: [
      {
        ...START,
        batches: [
          {
            ...batch(6, [1, 2, 3, 4, 6]),
            changes: batch(6, [1, 2, 3, 4, 6]).changes.map((change) => ({ ...change, value: '1' })),
          },
        ],
      },
    ],
  },
  'a change that was not asked for is delivered': {
    breaks: 'reliable',
    run: [{ ...START, batches: [{ ...batch(6, []), changes: LOG.flatMap(({ changes }) => changes) }] }],
  },
  'the changes of a commit change places': {
    breaks: 'reliable',
    run: [
      {
        ...START,
        batches: [
          batch(3, [1, 2, 3]),
          { ...batch(4, [4]), changes: batch(4, [4]).changes.toReversed() },
          batch(6, [6]),
        ],
      },
    ],
  },
  'a commit is torn over two batches': {
    breaks: 'atomic',
    run: [
      {
        ...START,
        batches: [batch(3, [1, 2, 3]), without(batch(4, [4]), 'a/3'), without(batch(4, [4]), 'a/1'), batch(6, [6])],
      },
    ],
  },
  'a resume skips a commit': {
    breaks: 'resumable',
    run: [
      { ...START, batches: [batch(2, [1, 2])] },
      { after: 2, batches: [batch(6, [4, 6])] },
    ],
  },
  'a resume begins at a cursor that was never given': {
    breaks: 'resumable',
    run: [
      { ...START, batches: [batch(2, [1, 2])] },
      { after: 1, batches: [batch(6, [2, 3, 4, 6])] },
    ],
  },
  'a resume repeats what its cursor covers': {
    breaks: 'resumable',
    run: [
      { ...START, batches: [batch(1, [1]), batch(2, [2])] },
      { after: 2, batches: [batch(6, [2, 3, 4, 6])] },
    ],
  },
  'a heartbeat promises what was not delivered': {
    breaks: 'bookmarkable',
    run: [{ ...START, batches: [batch(1, [1]), batch(3, []), batch(6, [2, 3, 4, 6])] }],
  },
  'a cursor goes back': {
    breaks: 'bookmarkable',
    run: [{ ...START, batches: [batch(3, [1, 2, 3]), batch(2, []), batch(6, [4, 6])] }],
  },
  'a cursor does not cover its batch': {
    breaks: 'bookmarkable',
    run: [{ ...START, batches: [batch(1, [1, 2]), batch(6, [3, 4, 6])] }],
  },
  'a revision becomes visible after a later one': {
    breaks: 'bookmarkable',
    run: [{ ...START, batches: [batch(2, [1, 2]), batch(4, [4]), batch(4, [3]), batch(6, [6])] }],
  },
  'the follower stands still before the end': {
    breaks: 'arrives',
    run: [{ ...START, batches: [batch(4, [1, 2, 3, 4], true)] }],
  },
  'the follower is never told that it is up to date': {
    breaks: 'arrives',
    run: [{ ...START, batches: [batch(6, [1, 2, 3, 4, 6], false)] }],
  },
  'a rare follower whose cursor does not move': {
    breaks: 'arrives',
    run: [{ after: 4, batches: [batch(4, [], true), batch(4, [], true)] }],
  },
  'the follower never began': { breaks: 'reliable', run: [] },
}

describe('the judges of feeds', () => {
  for (const [name, run] of Object.entries(GOOD)) {
    test(`accept ${name}`, () => {
      expect(brokenFeedLaws(followed(run))).toEqual([])
    })
  }

  for (const [name, { breaks, run }] of Object.entries(BAD)) {
    test(`reject a run as not ${breaks} when ${name}`, () => {
      expect(FEED_LAWS[breaks]?.(followed(run))).not.toEqual([])
    })
  }

  test('each reject at least one bad run', () => {
    const tried = new Set(Object.values(BAD).map(({ breaks }) => breaks))
    expect(Object.keys(FEED_LAWS).filter((law) => !tried.has(law))).toEqual([])
  })
})
