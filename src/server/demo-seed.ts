import type { Database, Op } from '../core/database.ts'
import type { Json } from '../core/json/json.ts'

/** The database as an actor uses it. */
export type DatabaseOf = (actor: string) => Database

interface SeedStep {
  readonly actor: string
  readonly ops: readonly Op[]
}

const post = (path: string, id: string, value: Json): Op => ({ kind: 'post', path, id, value })
const put = (path: string, value: Json): Op => ({ kind: 'put', path, value })
const like = (path: string): Op => ({ kind: 'patch', path, patch: { operators: { likes: { $inc: 1 } } } })

/** Posts with some versions by several people, comments, and a quote with likes: what the demo shows at first. */
const STEPS: readonly SeedStep[] = [
  {
    actor: 'ada',
    ops: [
      put('quotes/my-favorite-quote', { text: 'Time and tide wait for no man.', author: 'Proverb', likes: 11 }),
      post('posts', 'harbour', {
        title: 'The harbour at night',
        text: 'Two lights at the end of the mole.',
        author: 'ada',
        likes: 0,
        comments: [],
      }),
    ],
  },
  {
    actor: 'eve',
    ops: [put('posts/harbour/text', 'Two lights at the end of the mole: coming home, the green one is to the right.')],
  },
  {
    actor: 'eve',
    ops: [
      post('posts', 'lantern', {
        title: 'A lantern for the jetty',
        text: 'Looking for one that stands the salt.',
        author: 'eve',
        likes: 0,
        comments: [],
      }),
    ],
  },
  { actor: 'ada', ops: [like('posts/lantern')] },
  {
    actor: 'eve',
    ops: [put('posts/lantern/text', 'Found one that stands the salt: brass, from 1931, and still bright.')],
  },
  {
    actor: 'bob',
    ops: [
      post('posts', 'tides', {
        title: 'Tides',
        text: 'The sea comes in twice a day.',
        author: 'bob',
        likes: 0,
        comments: [],
      }),
    ],
  },
  {
    actor: 'ada',
    ops: [put('posts/tides/text', 'The sea comes in twice a day, and fifty minutes later each day.')],
  },
  { actor: 'bob', ops: [put('posts/tides/title', 'Why the sea comes late')] },
  { actor: 'eve', ops: [like('posts/tides'), like('quotes/my-favorite-quote')] },
  {
    actor: 'bob',
    ops: [
      post('posts/harbour/comments', '1', { text: 'I always mix them up.', author: 'bob' }),
      post('posts/lantern/comments', '1', { text: 'Does it still burn oil?', author: 'bob' }),
    ],
  },
  { actor: 'eve', ops: [post('posts/lantern/comments', '2', { text: 'It does, and smells of it.', author: 'eve' })] },
  { actor: 'eve', ops: [post('posts/tides/comments', '1', { text: 'Why fifty?', author: 'eve' })] },
  {
    actor: 'ada',
    ops: [post('posts/tides/comments', '2', { text: 'Because the moon has moved on meanwhile.', author: 'ada' })],
  },
]

/** Writes what the demo begins with. Each step has a key: after a kill, the same call again completes the rest. */
export async function seedDemo(databaseOf: DatabaseOf): Promise<void> {
  for (const [i, { actor, ops }] of STEPS.entries()) await databaseOf(actor).transact(ops, { key: `demo-${i + 1}` })
}
