import { describe, expect, test } from 'vitest'
import { formatCursor } from '../../src/core/cursor.ts'
import type { Reset } from '../../src/core/database.ts'
import type { ChangeType } from '../../src/core/version.ts'
import { brokenLiveLaws, LIVE_LAWS, type LivedRun } from '../support/laws/live.ts'
import {
  afterBatch,
  NOTHING,
  seenLiveBatch,
  type Held,
  type Holding,
  type LiveBatch,
  type LiveChange,
  type LiveSession,
  type SeenLiveBatch,
} from '../support/shape/follower.ts'

/** Five commits: a/1, a/2, a/1 again, a/2 is deleted, a/3. What lives after each, with versions. */
const STATES: readonly Readonly<Record<string, number>>[] = [
  {},
  { 'a/1': 1 },
  { 'a/1': 1, 'a/2': 1 },
  { 'a/1': 2, 'a/2': 1 },
  { 'a/1': 2 },
  { 'a/1': 2, 'a/3': 1 },
]
const END = 5

const at = (revision: number): string => formatCursor('e', revision)

function truth(cursor: string): ReadonlyMap<string, Held> {
  const state = STATES.find((_, revision) => at(revision) === cursor) ?? {}
  return new Map(Object.entries(state).map(([path, version]) => [path, { version, value: `${version}` }]))
}

/** A change from `NEW a/1@2 r3`: type, path, version, and revision of its commit. */
function change(text: string): LiveChange {
  const [type = '', path = '', version = '', revision = ''] = text.split(/[ @r]+/)
  const deleted = type === 'DELETE'
  return {
    type: type as ChangeType,
    reason: 'WRITE',
    path,
    cursor: at(Number(revision)),
    document: { version: Number(version), value: deleted ? null : Number(version), deleted },
  }
}

function part(revision: number, changes: readonly string[], reset: Reset | null = null): LiveBatch {
  return { changes: changes.map(change), cursor: at(revision), upToDate: false, reset }
}

function upToDate(revision: number, changes: readonly string[], reset: Reset | null = null): LiveBatch {
  return { ...part(revision, changes, reset), upToDate: true }
}

interface Life {
  readonly batches: readonly LiveBatch[]
  readonly floor?: number
  readonly kind?: LiveSession['kind']
}

/** Sessions, each of which begins with what was held at the end of the one before. */
function lived(lives: readonly Life[], apply: typeof afterBatch = afterBatch): LivedRun {
  let holding: Holding = NOTHING
  const run = lives.map(({ batches, floor = 0, kind = 'stored' }): LiveSession => {
    const from = holding
    const seen = batches.map((batch): SeenLiveBatch => {
      const one = { ...seenLiveBatch(holding, batch, floor), holding: apply(holding, batch) }
      holding = one.holding
      return one
    })
    return { from, kind, floor, batches: seen }
  })
  return { run, truth, end: at(END) }
}

/** A client that drops what it shows as soon as it is told to begin again. */
function dropsAtOnce(holding: Holding, batch: LiveBatch): Holding {
  return afterBatch(batch.reset === null ? holding : { ...holding, shown: new Map() }, batch)
}

/** A client that shows a new picture while it comes. */
function showsHalf(holding: Holding, batch: LiveBatch): Holding {
  const after = afterBatch(holding, batch)
  return { ...after, shown: after.coming ?? after.shown }
}

const FIRST = upToDate(2, ['NEW a/1@1 r1', 'NEW a/2@1 r2'])
const REST = [upToDate(3, ['UPDATE a/1@2 r3']), upToDate(4, ['DELETE a/2@2 r4']), upToDate(5, ['NEW a/3@1 r5'])]
const ANEW = [part(5, ['NEW a/1@2 r3'], 'CURSOR_EXPIRED'), upToDate(5, ['NEW a/3@1 r5'])]

const GOOD: Readonly<Record<string, readonly Life[]>> = {
  'a snapshot and then each change': [{ batches: [FIRST, ...REST] }],
  'a snapshot in parts': [{ batches: [part(2, ['NEW a/1@1 r1']), upToDate(2, ['NEW a/2@1 r2']), ...REST] }],
  'a snapshot that catches up': [
    {
      batches: [
        part(2, ['NEW a/1@1 r1']),
        part(2, ['NEW a/2@1 r2']),
        upToDate(4, ['UPDATE a/1@2 r3', 'DELETE a/2@2 r4']),
        upToDate(5, ['NEW a/3@1 r5']),
      ],
    },
  ],
  'changes that are brought together': [
    { batches: [FIRST, upToDate(5, ['UPDATE a/1@2 r3', 'DELETE a/2@2 r4', 'NEW a/3@1 r5'])] },
  ],
  'a death and a resume': [{ batches: [FIRST] }, { batches: REST }],
  'a heartbeat': [{ batches: [FIRST, upToDate(2, []), ...REST, upToDate(5, [])] }],
  'a new snapshot where the cursor is too old': [{ batches: [FIRST] }, { floor: 4, batches: ANEW }],
  'a new snapshot after half of one': [{ batches: [part(2, ['NEW a/1@1 r1'])] }, { batches: ANEW }],
  'a new snapshot for a foreign cursor': [{ batches: [FIRST] }, { kind: 'foreign', batches: ANEW }],
  'a death within a new snapshot': [
    { batches: [FIRST] },
    { floor: 4, batches: ANEW.slice(0, 1) },
    { floor: 4, batches: ANEW },
  ],
}

interface BadLife {
  readonly breaks: string
  readonly lives: readonly Life[]
  readonly apply?: typeof afterBatch
}

const BAD: Readonly<Record<string, BadLife>> = {
  'a snapshot lacks a document': { breaks: 'true', lives: [{ batches: [upToDate(2, ['NEW a/1@1 r1']), ...REST] }] },
  'a change is skipped': { breaks: 'true', lives: [{ batches: [FIRST, upToDate(3, []), ...REST.slice(1)] }] },
  'leaving is not told': {
    breaks: 'true',
    lives: [{ batches: [FIRST, ...REST.slice(0, 1), upToDate(4, []), ...REST.slice(2)] }],
  },
  'a cursor promises more than was delivered': {
    breaks: 'true',
    lives: [{ batches: [FIRST, upToDate(4, ['UPDATE a/1@2 r3']), ...REST.slice(2)] }],
  },
  'an update is about what the client never had': {
    breaks: 'told',
    lives: [{ batches: [upToDate(2, ['NEW a/1@1 r1', 'UPDATE a/2@1 r2']), ...REST] }],
  },
  'what the client has comes as new': {
    breaks: 'told',
    lives: [{ batches: [FIRST, upToDate(3, ['NEW a/1@2 r3']), ...REST.slice(1)] }],
  },
  'what is deleted has a value': {
    breaks: 'told',
    lives: [
      {
        batches: [FIRST, upToDate(4, ['UPDATE a/1@2 r3', 'DELETE a/2@2 r4']), ...REST.slice(2)].map((batch) => ({
          ...batch,
          changes: batch.changes.map((one) =>
            one.type === 'DELETE' ? { ...one, document: { ...one.document, value: 1 } } : one,
          ),
        })),
      },
    ],
  },
  'a cursor that is good gives a new snapshot': { breaks: 'resumes', lives: [{ batches: [FIRST] }, { batches: ANEW }] },
  'a beginning has a reset': { breaks: 'resumes', lives: [{ batches: ANEW }] },
  'what the cursor covers comes again': {
    breaks: 'resumes',
    lives: [
      { batches: [FIRST] },
      { batches: [upToDate(5, ['UPDATE a/2@1 r2', 'UPDATE a/1@2 r3', 'DELETE a/2@2 r4', 'NEW a/3@1 r5'])] },
    ],
  },
  'half a snapshot is resumed from': {
    breaks: 'resets',
    lives: [{ batches: [part(2, ['NEW a/1@1 r1'])] }, { batches: REST }],
  },
  'a foreign cursor is resumed from': {
    breaks: 'resets',
    lives: [{ batches: [FIRST] }, { kind: 'foreign', batches: REST }],
  },
  'a cursor below the floor is resumed from': {
    breaks: 'resets',
    lives: [{ batches: [FIRST] }, { floor: 4, batches: REST }],
  },
  'a cursor goes back': {
    breaks: 'covered',
    lives: [{ batches: [FIRST, ...REST.slice(0, 2), upToDate(3, []), ...REST.slice(2)] }],
  },
  'a cursor does not cover its batch': {
    breaks: 'covered',
    lives: [{ batches: [FIRST, upToDate(2, ['UPDATE a/1@2 r3']), ...REST.slice(1)] }],
  },
  'a reset is up to date before its snapshot': {
    breaks: 'unbroken',
    lives: [
      { batches: [FIRST] },
      { floor: 4, batches: [upToDate(5, [], 'CURSOR_EXPIRED'), upToDate(5, ['NEW a/1@2 r3', 'NEW a/3@1 r5'])] },
    ],
  },
  'the client drops what it shows when the reset comes': {
    breaks: 'unbroken',
    lives: [{ batches: [FIRST] }, { floor: 4, batches: ANEW }],
    apply: dropsAtOnce,
  },
  'the client shows half of the new snapshot': {
    breaks: 'unbroken',
    lives: [
      { batches: [FIRST] },
      { floor: 4, batches: [part(5, ['NEW a/3@1 r5'], 'CURSOR_EXPIRED'), upToDate(5, ['NEW a/1@2 r3'])] },
    ],
    apply: showsHalf,
  },
  'the client drops what it shows and dies': {
    breaks: 'unbroken',
    lives: [{ batches: [FIRST] }, { floor: 4, batches: [part(5, [], 'CURSOR_EXPIRED')] }],
    apply: dropsAtOnce,
  },
  'the client stands still before the end': { breaks: 'arrives', lives: [{ batches: [FIRST] }] },
  'the client is never told that it is up to date': {
    breaks: 'arrives',
    lives: [{ batches: [FIRST, part(5, ['UPDATE a/1@2 r3', 'DELETE a/2@2 r4', 'NEW a/3@1 r5'])] }],
  },
}

describe('the judges of live', () => {
  for (const [name, lives] of Object.entries(GOOD)) {
    test(`accept ${name}`, () => {
      expect(brokenLiveLaws(lived(lives))).toEqual([])
    })
  }

  for (const [name, { breaks, lives, apply }] of Object.entries(BAD)) {
    test(`reject a life as not ${breaks} when ${name}`, () => {
      expect(LIVE_LAWS[breaks]?.(lived(lives, apply))).not.toEqual([])
    })
  }

  test('each reject at least one bad life', () => {
    const tried = new Set(Object.values(BAD).map(({ breaks }) => breaks))
    expect(Object.keys(LIVE_LAWS).filter((law) => !tried.has(law))).toEqual([])
  })
})
