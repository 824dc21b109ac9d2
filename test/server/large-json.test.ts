import fc from 'fast-check'
import { GraphQLError } from 'graphql'
import { expect, test } from 'vitest'
import { BufferCoalescer } from '../../src/server/broadcast/buffer-coalescer.ts'
import { largeJson } from '../../src/server/broadcast/large-json.ts'
import { NextOpening, Payload } from '../../src/server/broadcast/payload.ts'

const textOf = (pieces: readonly Buffer[]): string => Buffer.concat(pieces).toString('utf8')

test('a result is written in pieces as JSON.stringify writes it at once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue({ maxDepth: 12 }), async (data) => {
      const result = { data, errors: [new GraphQLError('no', { extensions: { code: 'X' } })], extensions: undefined }
      expect(textOf(await largeJson(result, () => null))).toBe(JSON.stringify(result))
    }),
  )
})

test('others run between the pieces of a large one, which no form of a payload copies', async () => {
  const data = Array.from({ length: 3 }, (_, i) => ({ a: `${i}é`.padEnd(1_000_000, 'x') }))
  let turns = 0
  const pieces = await largeJson({ data }, async () => void turns++)
  expect(turns).toBe(3)
  expect(textOf(pieces)).toBe(JSON.stringify({ data }))
  const [whole, parts] = [new Payload(JSON.stringify({ data })), new Payload(pieces)]
  const opening = new NextOpening('1')
  expect(textOf(new BufferCoalescer().coalesce(parts.frame(opening)))).toBe(
    textOf(new BufferCoalescer().coalesce(whole.frame(opening))),
  )
  expect(textOf(parts.chunk())).toBe(textOf(whole.chunk()))
  expect(textOf(parts.event())).toBe(textOf(whole.event()))
  expect(pieces.every((piece) => parts.chunk().includes(piece))).toBe(true)
})
