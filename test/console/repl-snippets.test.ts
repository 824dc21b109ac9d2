import { parse, print } from 'graphql'
import { describe, expect, test } from 'vitest'
import * as operations from '../../src/client/operations/operations.generated.ts'
import { linkOf, queryOf } from '../../web/playground/query-link.ts'
import { curlOfOperation, indented } from '../../web/repl/recorder.ts'

const TEXTS = Object.entries(operations).flatMap(([name, text]) =>
  typeof text === 'string' ? [[name, text] as const] : [],
)

test('there are operations to show', () => {
  expect(TEXTS.length).toBeGreaterThan(15)
})

test.each(TEXTS)('%s is the same operation in several lines', (_, text) => {
  const shown = indented(text)
  expect(print(parse(shown))).toBe(print(parse(text)))
  expect(shown.split('\n').length).toBeGreaterThan(1)
})

test('a command line has no key, by which nothing would be done again', () => {
  const query = 'mutation($key:ID){put(path:"a/b" value:1 key:$key){ cursor }}'
  const curl = curlOfOperation({ query, variables: { key: 'k-1', value: "it's" } }, 'http://localhost:4747')
  expect(curl).toBe(
    `curl -sS http://localhost:4747/graphql -H 'content-type: application/json' -d ` +
      `'{"query":${JSON.stringify(query)},"variables":{"value":"it'\\''s"}}'`,
  )
})

describe('the address of the playground', () => {
  test.each([
    ['http://localhost/playground', null],
    ['http://localhost/playground?query=%7B%20a%20%7D', '{ a }'],
    ['http://localhost/playground#query=%7B+a+%7D', '{ a }'],
    ['http://localhost/playground?query=b#query=a', 'a'],
    ['http://localhost/playground#query=', ''],
  ])('%s has the query %j', (address, query) => {
    expect(queryOf(address)).toBe(query)
  })

  test('is written so that it is read again, without what the link had', () => {
    const query = '{ a(text: "ä#?&+ 1") }\n'.repeat(2_000)
    const link = linkOf('http://localhost/playground?query=b', query)
    expect(link.startsWith('/playground#query=')).toBe(true)
    expect(queryOf(`http://localhost${link}`)).toBe(query)
  })
})
