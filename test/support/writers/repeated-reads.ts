import { stat } from 'node:fs/promises'
import type { WriteResult, Database, Document } from '../../../src/core/database.ts'
import type { AsOf } from '../../../src/core/database/options.ts'

/** Of one kind of reads: how many there were, and how many gave another answer when they were made again. */
export interface Repeated {
  readonly reads: number
  readonly different: number
}

const WRITERS = 2
const DOCUMENTS = 8

type Kind = 'now' | 'a moment ago' | 'the last commit' | 'its cursor' | 'its version' | 'history'

interface Seen {
  readonly kind: Kind
  readonly db: Database
  readonly asOf: AsOf
  readonly answer: string
}

/** Everything at one moment, as text. */
async function look({ kind, db, asOf }: Omit<Seen, 'answer'>): Promise<string> {
  if (kind === 'its version') return JSON.stringify(await db.get('a/0', { asOf }))
  if (kind !== 'history') return JSON.stringify(await db.get('a', { asOf }))
  const { edges } = await db.history('a/0', { to: 'time' in asOf ? asOf.time : undefined, last: 5 })
  return JSON.stringify(edges.map(({ node }: { node: Document }) => [node.path, node.version]))
}

function momentOf(kind: Kind, { at, cursor, changes }: WriteResult, i: number): AsOf {
  switch (kind) {
    case 'now':
      return { time: new Date().toISOString() }
    case 'history':
      return { time: new Date().toISOString() }
    case 'a moment ago':
      return { time: new Date(Date.now() - 1 - (i % 20)).toISOString() }
    case 'the last commit':
      return { time: at }
    case 'its cursor':
      return { cursor }
    case 'its version':
      return { version: changes[0]?.document.version ?? 1 }
  }
}

/**
 * Reads the past through each of the databases, which are of one tenant, while two writers to each do nothing but
 * write; then everything again. Gives how many reads of each kind gave another answer the second time.
 */
export async function readRepeatedly(
  databases: readonly Database[],
  reads: number,
): Promise<Readonly<Record<Kind, Repeated>>> {
  const kinds: readonly Kind[] = ['now', 'a moment ago', 'the last commit', 'its cursor', 'its version', 'history']
  const first = databases[0]
  if (first === undefined) throw new Error('There must be a database.')
  let latest = await first.put('a/0', 0)
  let isOver = false
  const write = async (db: Database, from: number): Promise<void> => {
    for (let i = from; !isOver; i += 1) {
      const commit = await db.put(`a/${i % DOCUMENTS}`, i)
      if (i % DOCUMENTS === 0) latest = commit
    }
  }
  const read = async (kind: Kind): Promise<readonly Seen[]> => {
    const seen: Seen[] = []
    for (let i = 0; i < reads; i++) {
      // As a request from a socket does, it comes between the draft of a batch and its flush.
      await stat('.')
      const db = databases[i % databases.length] ?? first
      const asked = { kind, db, asOf: momentOf(kind, latest, i) }
      seen.push({ ...asked, answer: await look(asked) })
    }
    return seen
  }
  const writing = databases.flatMap((db) => Array.from({ length: WRITERS }, (_, i) => write(db, i)))
  const seen = await Promise.all(kinds.map(read))
  isOver = true
  await Promise.all(writing)
  const count = async (all: readonly Seen[]): Promise<Repeated> => {
    let different = 0
    for (const { answer, ...asked } of all) if ((await look(asked)) !== answer) different++
    return { reads: all.length, different }
  }
  const told = await Promise.all(seen.map(count))
  return Object.fromEntries(kinds.map((kind, i) => [kind, told[i]])) as Record<Kind, Repeated>
}
