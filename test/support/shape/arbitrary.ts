import fc from 'fast-check'
import { isObject, type Json, type JsonObject } from '../../../src/core/json/json.ts'
import { equalJson, isArray } from '../../../src/core/json/value.ts'
import type { Shape, Stored } from './shape.ts'

/**
 * What a condition comes to: CEL's third answer is an error, which `&&` and `||` swallow where the other side decides.
 */
type Answer = boolean | 'error'

/** An expression, and the same in other words. */
interface Condition {
  readonly text: string
  readonly ask: (document: Pick<Stored, 'path' | 'value'>) => Answer
}

type Params = Readonly<Record<'min' | 'who' | 'tags' | 'on' | 'note', Json>>

const COLOURS = ['red', 'green', 'blue'] as const
const NAMES = ['ann', 'bob'] as const
const WORDS = ['x', 'y', 'z'] as const

const number = fc.constantFrom(0, 1, 2, 3, 4, 2.5)

/** A value of a document: mostly objects of which every field may be missing or of another kind. */
export const documentValue: fc.Arbitrary<Json> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record(
      {
        likes: fc.oneof({ weight: 8, arbitrary: number }, fc.constantFrom<Json>('many', null)),
        tag: fc.oneof({ weight: 8, arbitrary: fc.constantFrom<Json>(...COLOURS) }, fc.constantFrom<Json>(7, null)),
        author: fc.oneof(
          { weight: 8, arbitrary: fc.record({ name: fc.constantFrom(...NAMES), age: number }, { requiredKeys: [] }) },
          fc.constantFrom<Json>('ann', null),
        ),
        tags: fc.oneof({ weight: 8, arbitrary: fc.subarray([...WORDS]) }, fc.constantFrom<Json>('x', [1, 'x'])),
        flag: fc.boolean(),
        note: fc.constantFrom<Json>(null, 'x'),
      },
      { requiredKeys: [] },
    ) as fc.Arbitrary<Json>,
  },
  { weight: 1, arbitrary: fc.constantFrom<Json>(7, 'text', null, true, ['x'], []) },
)

/** A patch of one field. */
export const fieldPatch: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.record({ likes: fc.option(number) }),
  fc.record({ tag: fc.option(fc.constantFrom(...COLOURS)) }),
  fc.record({ author: fc.record({ name: fc.option(fc.constantFrom(...NAMES)) }) }),
  fc.record({ tags: fc.subarray([...WORDS]) }),
) as fc.Arbitrary<JsonObject>

const params: fc.Arbitrary<Params> = fc.record({
  min: number,
  who: fc.constantFrom(...NAMES),
  tags: fc.subarray([...COLOURS]),
  on: fc.boolean(),
  note: fc.constantFrom<Json>(null, 'x'),
})

/** A field as an expression names it, and what is there; undefined: nothing. */
interface Operand {
  readonly text: string
  readonly read: (value: Json) => Json | undefined
}

function operand(...keys: readonly string[]): Operand {
  const step = (value: Json | undefined, key: string): Json | undefined =>
    isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  return { text: ['value', ...keys].join('.'), read: (value) => keys.reduce<Json | undefined>(step, value) }
}

const LIKES = operand('likes')
const TAG = operand('tag')
const NAME = operand('author', 'name')
const AGE = operand('author', 'age')
const TAGS = operand('tags')
const FLAG = operand('flag')
const NOTE = operand('note')
const MISSING = operand('none', 'such')

/** A condition on a field: an error where the field is missing. */
function on({ text, read }: Operand, say: (text: string) => string, ask: (field: Json) => Answer): Condition {
  return {
    text: say(text),
    ask: ({ value }) => {
      const field = read(value)
      return field === undefined ? 'error' : ask(field)
    },
  }
}

function literal(value: Json, fraction: boolean): string {
  return fraction && typeof value === 'number' && Number.isInteger(value) ? `${value}.0` : JSON.stringify(value)
}

/** Constants of a field: as literals, or by the name of a parameter. */
interface Constant {
  readonly text: string
  readonly value: Json
}

function constant(values: readonly Json[], given: Params, name: keyof Params): fc.Arbitrary<Constant> {
  const literals = fc
    .tuple(fc.constantFrom(...values), fc.boolean())
    .map(([value, fraction]) => ({ text: literal(value, fraction), value }))
  return fc.oneof({ weight: 2, arbitrary: literals }, fc.constant({ text: `params.${name}`, value: given[name] }))
}

const NUMBERS: readonly Json[] = [0, 1, 2, 3, 4, 2.5]

function equality(given: Params): fc.Arbitrary<Condition> {
  const pairs = fc.oneof(
    fc.tuple(fc.constantFrom(LIKES, AGE, MISSING), constant(NUMBERS, given, 'min')),
    fc.tuple(fc.constantFrom(TAG, NAME), constant([...COLOURS, ...NAMES], given, 'who')),
    fc.tuple(fc.constant(FLAG), constant([true, false], given, 'on')),
    fc.tuple(fc.constant(NOTE), constant([null, 'x'], given, 'note')),
  )
  return fc
    .tuple(pairs, fc.constantFrom('==', '==', '!='), fc.boolean())
    .map(([[field, { text, value }], sign, turned]) =>
      on(
        field,
        (name) => (turned ? `${text} ${sign} ${name}` : `${name} ${sign} ${text}`),
        (found) => equalJson(found, value) === (sign === '=='),
      ),
    )
}

const ORDERS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
}

function range(given: Params): fc.Arbitrary<Condition> {
  return fc
    .tuple(
      fc.constantFrom(LIKES, AGE, MISSING),
      constant(NUMBERS, given, 'min'),
      fc.constantFrom(...Object.entries(ORDERS)),
    )
    .map(([field, { text, value }, [sign, order]]) =>
      on(
        field,
        (name) => `${name} ${sign} ${text}`,
        (found) => (typeof found === 'number' ? order(found, Number(value)) : 'error'),
      ),
    )
}

function membership(given: Params): fc.Arbitrary<Condition> {
  const among = fc.oneof(
    fc
      .subarray<string>([...COLOURS], { minLength: 1 })
      .map((list) => ({ text: JSON.stringify(list), list: list as readonly Json[] })),
    fc.constant({ text: 'params.tags', list: given.tags as readonly Json[] }),
  )
  return fc.oneof(
    among.map(({ text, list }) =>
      on(
        TAG,
        (name) => `${name} in ${text}`,
        (found) => list.some((one) => equalJson(one, found)),
      ),
    ),
    fc.constantFrom(...WORDS).map((word) =>
      on(
        TAGS,
        (name) => `"${word}" in ${name}`,
        (found) => (isArray(found) ? found.includes(word) : 'error'),
      ),
    ),
    fc.constantFrom(...WORDS).map((word) =>
      on(
        TAGS,
        (name) => `${name}.exists(t, t == "${word}")`,
        (found) => (isArray(found) ? found.includes(word) : 'error'),
      ),
    ),
    fc.subarray(['1', '2', '3'], { minLength: 1 }).map((ids) => ({
      text: `id in ${JSON.stringify(ids)}`,
      ask: ({ path }: { path: string }): Answer => ids.includes(path.split('/').at(-1) ?? ''),
    })),
  )
}

const text: fc.Arbitrary<Condition> = fc.oneof(
  fc.constantFrom('r', 'b', 'gr').map((start) =>
    on(
      TAG,
      (name) => `${name}.startsWith("${start}")`,
      (found) => (typeof found === 'string' ? found.startsWith(start) : 'error'),
    ),
  ),
  fc.constantFrom('n', 'bob').map((part) =>
    on(
      NAME,
      (name) => `${name}.contains("${part}")`,
      (found) => (typeof found === 'string' ? found.includes(part) : 'error'),
    ),
  ),
  fc.constantFrom('a/', 'b/1', 'a/1/').map((start) => ({
    text: `path.startsWith("${start}")`,
    ask: ({ path }: { path: string }): Answer => path.startsWith(start),
  })),
)

const length: fc.Arbitrary<Condition> = fc.integer({ min: 0, max: 3 }).map((least) =>
  on(
    TAGS,
    (name) => `size(${name}) >= ${least}`,
    (found) => (isArray(found) || typeof found === 'string' ? found.length >= least : 'error'),
  ),
)

/** Whether a field is there. Of what is no object it is an error or false, so nothing may be built on that. */
const presence: fc.Arbitrary<Condition> = fc.constantFrom(LIKES, NOTE, NAME, MISSING).map(({ text: name, read }) => ({
  text: `has(${name})`,
  ask: ({ value }) => read(value) !== undefined || 'error',
}))

function both(a: Condition, b: Condition): Condition {
  const ask: Condition['ask'] = (document) => {
    const answers = [a.ask(document), b.ask(document)]
    return !answers.includes(false) && (answers.includes('error') ? 'error' : true)
  }
  return { text: `(${a.text}) && (${b.text})`, ask }
}

function either(a: Condition, b: Condition): Condition {
  const ask: Condition['ask'] = (document) => {
    const answers = [a.ask(document), b.ask(document)]
    return answers.includes(true) || (answers.includes('error') ? 'error' : false)
  }
  return { text: `${a.text} || ${b.text}`, ask }
}

function not(a: Condition): Condition {
  const ask: Condition['ask'] = (document) => {
    const answer = a.ask(document)
    return answer === 'error' ? 'error' : !answer
  }
  return { text: `!(${a.text})`, ask }
}

function condition(given: Params): fc.Arbitrary<Condition> {
  const sure = fc.oneof(
    { weight: 4, arbitrary: equality(given) },
    { weight: 2, arbitrary: range(given) },
    { weight: 2, arbitrary: membership(given) },
    text,
    length,
  )
  const atom = fc.oneof(
    { weight: 8, arbitrary: sure },
    { weight: 1, arbitrary: presence },
    { weight: 1, arbitrary: sure.map(not) },
  )
  const pair = fc.tuple(atom, atom)
  return fc.oneof(
    { weight: 5, arbitrary: atom },
    { weight: 2, arbitrary: pair.map(([a, b]) => both(a, b)) },
    { weight: 2, arbitrary: pair.map(([a, b]) => either(a, b)) },
    { weight: 1, arbitrary: fc.tuple(sure, sure).map(([a, b]) => not(either(a, b))) },
    { weight: 1, arbitrary: fc.tuple(atom, pair).map(([a, [b, c]]) => both(a, either(b, c))) },
  )
}

/** Patterns over the collections of shape-world.ts. */
const PATTERNS = [
  '*',
  'a',
  'b',
  'a/1',
  'b/2',
  'a/*',
  '*/1',
  '*/*/n',
  'a/*/n',
  'a/1/n',
  '*/*/n/1',
  'a/*/n/*/m',
  'b/1/n/2',
  'nowhere',
]
const COLUMNS = ['likes', 'tag', 'author', 'author/name', 'author/age', 'tags', 'none', 'none/such', 'note']

const paths = fc.oneof(
  { weight: 2, arbitrary: fc.constant(['*']) },
  { weight: 3, arbitrary: fc.constantFrom(...PATTERNS).map((one) => [one]) },
  fc.uniqueArray(fc.constantFrom(...PATTERNS), { minLength: 2, maxLength: 4 }),
)
const columns = fc.option(fc.uniqueArray(fc.constantFrom(...COLUMNS), { minLength: 1, maxLength: 4 }), {
  nil: undefined,
  freq: 3,
})

/** A `where` of any kind, and the same in other words. */
export const filter: fc.Arbitrary<Pick<Shape, 'where' | 'params' | 'holds'>> = params.chain((given) =>
  condition(given).map(({ text: where, ask }) => ({
    where,
    params: where.includes('params.') ? given : undefined,
    holds: (document: Pick<Stored, 'path' | 'value'>) => ask(document) === true,
  })),
)

/** A shape: some patterns, mostly a `where` of any kind, sometimes columns. */
export const shape: fc.Arbitrary<Shape> = fc
  .tuple(paths, columns, fc.oneof({ weight: 5, arbitrary: filter }, fc.constant({ holds: () => true })))
  .map(([patterns, some, filtered]) => ({ paths: patterns, columns: some, ...filtered }))
