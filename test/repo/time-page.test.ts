import { describe, expect, onTestFinished, test } from 'vitest'
import { openEngine, type Engine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { inProcess } from '../graphql/in-process.ts'
import { blocksOf, readText, type Block } from './markdown.ts'

const PAGE = readText('docs/time.md')

interface Section {
  readonly title: string
  readonly blocks: readonly Block[]
}

/** The sections that have blocks; the lines of these are those of the page. */
const SECTIONS: readonly Section[] = [...PAGE.matchAll(/^## (.*)\n(?:(?!^## )[^])*/gm)]
  .map(({ 0: text, 1: title = '', index }) => {
    const above = PAGE.slice(0, index).split('\n').length - 1
    return { title, blocks: blocksOf(text).map((block) => ({ ...block, line: block.line + above })) }
  })
  .filter(({ blocks }) => blocks.length > 0)

/** The time of the first request of a section, and the time from one request to the next. */
const START = Date.UTC(2026, 10, 26, 9)
const STEP_MS = 60_000

/** An empty database that the requests of one section are made of, and the words that stand for parts of answers. */
class SectionReader {
  readonly #engine: Engine
  readonly #words = new Map<string, string>()
  readonly #clock: { time: number }
  #answer: unknown
  #unseen: unknown

  private constructor(engine: Engine, clock: { time: number }) {
    this.#engine = engine
    this.#clock = clock
  }

  static async open(): Promise<SectionReader> {
    const [store, clock] = [new MemoryStore(), { time: START }]
    const engine = await openEngine(store, { now: () => clock.time })
    onTestFinished(async () => {
      await engine.close()
      await store.close()
    })
    return new SectionReader(engine, clock)
  }

  /**
   * Asks a block `graphql`, or `graphql <actor>`; compares a block `json` with the answer: its data, or, where it has
   * errors, `{ data, errors }` with their codes. Errors that no block shows are a failure.
   */
  async follow({ info, text, line }: Block): Promise<void> {
    const [kind, actor = null] = info.split(' ')
    if (kind === 'json') return this.#compare(JSON.parse(text), line)
    if (kind !== 'graphql') throw new Error(`Nothing follows the block ${JSON.stringify(info)} at line ${line}.`)
    this.end()
    const { ask } = inProcess(this.#engine.database('page', { actor }), [])
    const { data, errors } = await ask(text.replaceAll(/<\w+>/g, (word) => this.#words.get(word) ?? word))
    this.#clock.time += STEP_MS
    const codes = errors?.map(({ extensions }) => extensions['code'])
    this.#answer = errors === undefined ? data : { data, errors: codes }
    this.#unseen = errors
  }

  /** To be called after the last block. */
  end(): void {
    expect(this.#unseen, 'errors that the page does not show').toBeUndefined()
  }

  /** Compares the last answer with what the page shows; a word in angle brackets stands for one text. */
  #compare(shown: unknown, line: number): void {
    this.#unseen = undefined
    expect([line, this.#answer]).toEqual([line, this.#named(shown, this.#answer)])
  }

  /** The shown value with the words replaced by what the answer has in their places. */
  #named(shown: unknown, answer: unknown): unknown {
    if (typeof shown === 'string' && /^<\w+>$/.test(shown)) {
      if (!this.#words.has(shown) && typeof answer === 'string') this.#words.set(shown, answer)
      return this.#words.get(shown)
    }
    if (typeof shown !== 'object' || shown === null) return shown
    const at = (key: string): unknown => (Object(answer) as Record<string, unknown>)[key]
    if (Array.isArray(shown)) return shown.map((item, i) => this.#named(item, at(String(i))))
    return Object.fromEntries(Object.entries(shown).map(([key, item]) => [key, this.#named(item, at(key))]))
  }
}

describe('docs/time.md', () => {
  test.each(SECTIONS.map((section) => [section.title, section] as const))('is true: %s', async (_, { blocks }) => {
    const reader = await SectionReader.open()
    for (const block of blocks) await reader.follow(block)
    reader.end()
  })

  test('has no block outside a section, and no answer without a request', () => {
    const blocks = SECTIONS.flatMap((section) => section.blocks)
    expect(blocks.map(({ line }) => line)).toEqual(blocksOf(PAGE).map(({ line }) => line))
    expect(SECTIONS.map((section) => section.blocks[0]?.info.split(' ')[0])).not.toContain('json')
    expect(PAGE.match(/^[ \t]*(```|~~~)/gm)).toHaveLength(2 * blocks.length)
  })
})
