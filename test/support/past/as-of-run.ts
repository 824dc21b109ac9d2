import type { Database, DocumentPage, Op, WriteResult } from '../../../src/core/database.ts'
import type { AsOf } from '../../../src/core/database/options.ts'
import type { Json } from '../../../src/core/json/json.ts'
import { canonicalJson } from '../../../src/core/json/value.ts'
import { openEngine } from '../../../src/db/engine.ts'
import type { Store } from '../../../src/store/store.ts'
import { revisionIn } from '../writers/history-run.ts'
import { appliedTo } from './json-patch.ts'
import { isWithin, OracleWorld, type OracleVersion } from './oracle-world.ts'
import { ACTORS, Random, randomCollection, randomCommit, randomDocument } from './random-commits.ts'

/** Most commits at one time of the clock. */
const MAX_BATCH = 64
/** 2026-01-01T00:00:00.000Z, where the clock begins. */
const START = Date.UTC(2026, 0, 1)

interface AsOfRun {
  readonly seed: number
  readonly commits: number
  /** Moments at which the answers are kept, and asked for again at the end. */
  readonly moments: number
}

/** A question about one moment, and the answer of the oracle at that moment. */
interface Question {
  readonly kind:
    'get' | 'document' | 'documents' | 'history' | 'field' | 'collection' | 'actor' | 'collections' | 'diff'
  readonly ask: (db: Database, moment: Moment) => Promise<Json>
  readonly answer: Json
}

/** A state that the oracle was in. */
interface Moment {
  readonly revision: number
  readonly cursor: string
  /** Of its last commit; later commits have later times. */
  readonly at: string
}

/** Answers that differ from those of the oracle. */
export interface Differences {
  readonly questions: Readonly<Record<string, number>>
  readonly wrong: readonly string[]
}

/**
 * Writes random commits by three actors, and has the oracle answer random questions at random moments; then asks the
 * database the same questions as of these moments.
 */
export async function compareAsOf(store: Store, { seed, commits, moments }: AsOfRun): Promise<Differences> {
  const clock = { time: START }
  const engine = await openEngine(store, { now: () => clock.time })
  const databases = ACTORS.map((actor) => engine.database('default', { actor }))
  const [random, world] = [new Random(seed), new OracleWorld()]
  const kept: (readonly [Moment, readonly Question[]])[] = []
  while (world.revision < commits) {
    clock.time += 1 + random.below(1_000)
    const moment = await writeBatch(databases, random, world)
    // As many of the batches as give the moments asked for, on average.
    const isKept = random.below(commits) < (moments * (MAX_BATCH + 1)) / 2 && kept.length < moments
    const earlier = kept.map(([each]) => each)
    if (isKept) kept.push([moment, questionsAt(random, world, earlier)])
  }
  const db = engine.database('default', { actor: null })
  const told: Record<string, number> = { moments: kept.length }
  const wrong: string[] = []
  for (const [moment, questions] of kept) {
    for (const { kind, ask, answer } of questions) {
      told[kind] = (told[kind] ?? 0) + 1
      const given = await ask(db, moment).catch((error: unknown) => String(error))
      if (canonicalJson(given) === canonicalJson(answer)) continue
      wrong.push(`${kind} at revision ${moment.revision}: ${canonicalJson(given)} instead of ${canonicalJson(answer)}`)
    }
  }
  await engine.close()
  return { questions: told, wrong }
}

/** Writes some commits at one time of the clock, one after another, as the oracle does. */
async function writeBatch(databases: readonly Database[], random: Random, world: OracleWorld): Promise<Moment> {
  let last: WriteResult | undefined
  for (let left = 1 + random.below(MAX_BATCH); left > 0; left--) {
    const [ops, by] = [randomCommit(random, world), random.below(ACTORS.length)]
    world.commit(ops, ACTORS[by] ?? '')
    last = await write(databases[by], ops)
    if (revisionIn(last.cursor) !== world.revision) throw new Error(`Revision ${world.revision} is ${last.cursor}.`)
  }
  return { revision: world.revision, cursor: last?.cursor ?? '', at: last?.at ?? '' }
}

function write(db: Database | undefined, ops: readonly Op[]): Promise<WriteResult> {
  const [op, ...more] = ops
  if (db === undefined || op === undefined) throw new Error('A commit has an actor and an operation.')
  if (more.length > 0) return db.transact(ops)
  switch (op.kind) {
    case 'post':
      return db.post(op.path, op.value, { id: op.id })
    case 'put':
      return db.put(op.path, op.value)
    case 'patch':
      return db.patch(op.path, op.patch)
    case 'delete':
      return db.delete(op.path)
  }
}

function questionsAt(random: Random, world: OracleWorld, earlier: readonly Moment[]): readonly Question[] {
  const [document, other] = [randomDocument(random), randomDocument(random)]
  // A name that only an empty array declares has the history of that field.
  const nested = randomCollection(random)
  return [
    getQuestion(random, world, random.of([document, randomCollection(random), `${document}/n`, `${document}/by/name`])),
    getQuestion(random, world, random.of(['a', 'ab', 'b'])),
    documentQuestion(world, other),
    documentsQuestion(random, world, randomCollection(random)),
    ...historyQuestions(random, world, document),
    collectionHistory(random, world, { path: world.everIn(nested) ? nested : 'a', actor: undefined }),
    collectionHistory(random, world, { path: random.of(['a', 'ab', 'b']), actor: random.of(ACTORS) }),
    collectionsQuestion(world, null),
    collectionsQuestion(world, document),
    ...(earlier.length === 0 ? [] : [diffQuestion(random, world, random.of(earlier))]),
  ]
}

/** One of the ways to name a moment. */
function asOf({ cursor, at }: Moment, random: number): AsOf {
  return random === 0 ? { cursor } : { time: at }
}

function getQuestion(random: Random, world: OracleWorld, path: string): Question {
  const [depth, by] = [random.below(4), random.below(2)]
  const answer = world.get(path, depth)
  return {
    kind: 'get',
    answer,
    ask: async (db, moment) => withoutTimes(await db.get(path, { depth, asOf: asOf(moment, by) })),
  }
}

function documentQuestion(world: OracleWorld, path: string): Question {
  const { version } = world.versionsOf(path).at(-1) ?? { version: 0 }
  const ask: Question['ask'] = async (db, { cursor }) => {
    const document = await db.document(path, { asOf: version === 0 ? { cursor } : { version } })
    return document === null ? null : [document.version, document.value]
  }
  const value = world.live.get(path)
  return { kind: 'document', ask, answer: value === undefined ? null : [version, value] }
}

function documentsQuestion(random: Random, world: OracleWorld, path: string): Question {
  const [least, first, by] = [random.below(10), 1 + random.below(4), random.below(2)]
  const matching = world.documentsIn(path).filter((each) => {
    const n = (world.live.get(each) as { readonly n?: Json }).n
    return typeof n === 'number' && n >= least
  })
  const answer = [matching.slice(0, first).map((each) => [each, world.live.get(each) ?? null]), matching.length > first]
  const options = { where: 'value.n >= params.least', params: { least }, first }
  const ask: Question['ask'] = async (db, moment) => {
    const { edges, hasNextPage } = await db.documents(path, { ...options, asOf: asOf(moment, by) })
    return [edges.map(({ node }) => [node.path, node.value]), hasNextPage]
  }
  return { kind: 'documents', ask, answer }
}

type Told = readonly [revision: number, path: string, version: number, deleted: boolean, value: Json]

function told({ revision, path, version, deleted, value }: Omit<OracleVersion, 'actor'>): Told {
  return [revision, path, version, deleted, value]
}

function toldPage({ edges }: DocumentPage): readonly Told[] {
  return edges.map(({ node }) => told({ ...node, revision: revisionIn(node.cursor) }))
}

/** The last versions of a document, of a field, and those of one actor. */
function historyQuestions(random: Random, world: OracleWorld, path: string): readonly Question[] {
  const [last, field, actor] = [1 + random.below(5), random.of(['n', 'by/name', 'tags']), random.of(ACTORS)]
  const own = world.versionsOf(path)
  const ofField = world.fieldHistory(path, field.split('/'))
  const kinds = [
    ['history', path, own, {}],
    ['field', `${path}/${field}`, own.length === 0 ? [] : ofField, {}],
    ['actor', path, own.filter((version) => version.actor === actor), { actor }],
    ['actor', `${path}/${field}`, ofField.filter((version) => version.actor === actor), { actor }],
  ] as const
  return kinds.map(([kind, at, versions, options]) => ({
    kind,
    answer: versions.slice(-last).map(told),
    ask: async (db, moment) => toldPage(await db.history(at, { ...options, last, to: moment.at })),
  }))
}

/** The last versions in and below a collection. The order within a commit is not the oracle's: whole commits count. */
function collectionHistory(
  random: Random,
  world: OracleWorld,
  { path, actor }: { readonly path: string; readonly actor: string | undefined },
): Question {
  const last = 5 + random.below(20)
  const all = world.versions.filter(
    (each) => isWithin(each.path, path) && (actor === undefined || each.actor === actor),
  )
  const ask: Question['ask'] = async (db, moment) => {
    const page = await db.history(path, { last, actor, to: moment.at })
    return wholeCommits(toldPage(page), page.hasPreviousPage)
  }
  const shown = all.slice(-last)
  return {
    kind: actor === undefined ? 'collection' : 'actor',
    ask,
    answer: wholeCommits(shown.map(told), all.length > last),
  }
}

/** Without the first commit, of which a page may have a part. */
function wholeCommits(versions: readonly Told[], isCut: boolean): readonly Told[] {
  const whole = isCut ? versions.filter(([revision]) => revision !== versions[0]?.[0]) : versions
  return whole.toSorted((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1))
}

function collectionsQuestion(world: OracleWorld, document: string | null): Question {
  const answer = world.collections(document ?? '')
  const ask: Question['ask'] = async (db, { cursor }) => {
    const page = await db.collections(document, { asOf: { cursor } })
    return page === null ? null : page.edges.map(({ node: { path, name, documents } }) => ({ path, name, documents }))
  }
  return {
    kind: 'collections',
    ask,
    answer: answer?.map(({ path, name, documents }) => ({ path, name, documents })) ?? null,
  }
}

/** The diff from an earlier moment, applied to the value that was there then. */
function diffQuestion(random: Random, world: OracleWorld, from: Moment): Question {
  const [document, field] = [randomDocument(random), random.of([[], ['n'], ['by'], ['tags']])]
  const [path, by] = [[document, ...field].join('/'), random.below(2)]
  const [before, after] = [from.revision, world.revision].map((revision) => world.valueAt(document, field, revision))
  const ask: Question['ask'] = async (db, moment) => {
    const patch = await db.diff(path, { from: asOf(from, by), to: asOf(moment, by) })
    return [appliedTo(before, patch) ?? 'nothing', patch.length === 0]
  }
  const isSame = canonicalJson([before ?? 'nothing']) === canonicalJson([after ?? 'nothing'])
  return { kind: 'diff', ask, answer: [after ?? 'nothing', isSame] }
}

function withoutTimes(value: Json): Json {
  return JSON.parse(JSON.stringify(value), (key, part: unknown) => (key === 'ts' ? undefined : part)) as Json
}
