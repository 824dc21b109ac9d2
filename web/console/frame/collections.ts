import { effect, signal, type ReadonlySignal } from '@preact/signals'
import type { Collection } from '../../../src/core/database.ts'
import { client, sentenceOf } from '../client.ts'
import { Guard, type Turn } from '../state/guard.ts'
import { asOf } from '../state/location.ts'
import { asOfOption } from '../state/route.ts'

/** The collections at the root. */
export interface RootCollections {
  readonly status: 'loading' | 'ready' | 'error'
  readonly list: readonly Collection[]
  readonly error: string
}

const state = signal<RootCollections>({ status: 'loading', list: [], error: '' })
const MOST_COLLECTIONS = 1_000
/** Counts are read again after a change, and then not before so many ms. */
const PAUSE_MS = 500

/** The collections as of the shown moment, or now and live. */
export const rootCollections: ReadonlySignal<RootCollections> = state

/** The number of documents of a collection, in words. */
export function countText(documents: number | null): string {
  return `${documents ?? 'more than 1,000'} ${documents === 1 ? 'document' : 'documents'}`
}

const asked = signal(0)

/** Reads the collections again, as after an error. */
export function readCollectionsAgain(): void {
  asked.value++
}

/** Follows the collections as long as the page is there. */
export function followCollections(): () => void {
  const guard = new Guard()
  return effect(() => {
    const [db, moment, turn] = [client.value, asOf.value, guard.begin()]
    void asked.value
    const options = { first: MOST_COLLECTIONS, signal: turn.signal, ...asOfOption(moment) }
    const read = async (): Promise<void> => {
      const page = await db.collections(null, options)
      if (turn.isCurrent()) {
        state.value = { status: 'ready', list: page?.edges.map(({ node }) => node) ?? [], error: '' }
      }
    }
    const fail = (error: unknown): void => {
      if (turn.isCurrent()) state.value = { status: 'error', list: [], error: sentenceOf(error) }
    }
    read().catch(fail)
    if (moment === null) void follow(turn, read).catch(fail)
    return () => guard.end()
  })
}

/** Reads again when documents come or go; only that they do is asked for, not what they hold. */
async function follow(turn: Turn, read: () => Promise<void>): Promise<void> {
  const options = { depth: 0, columns: ['-'], types: ['NEW', 'DELETE'] as const, signal: turn.signal }
  let isDue = false
  for await (const { changes } of client.peek().changes(['*'], options)) {
    if (changes.length === 0 || isDue) continue
    isDue = true
    setTimeout(() => {
      isDue = false
      if (turn.isCurrent()) void read().catch(() => {})
    }, PAUSE_MS)
  }
}
