import { ablation } from './feeds/ablation.ts'
import { feeds } from './feeds.ts'
import { machine } from './machine.ts'
import { past } from './past.ts'
import { pipeline } from './reads/pipeline.ts'
import { readsOfUsers } from './reads/reads.ts'
import { searches } from './searches.ts'
import { steps } from './steps.ts'
import { transact } from './transact.ts'
import { where } from './where.ts'
import { counters, writes } from './writes.ts'

const sections = {
  writes,
  counters,
  transact,
  reads: readsOfUsers,
  pipeline,
  feeds,
  ablation,
  past,
  searches,
  steps,
  where,
}

/** `npm run bench` measures everything; `npm run bench -- reads feeds` only these. */
async function main(names: readonly string[]): Promise<void> {
  const unknown = names.find((name) => !(name in sections))
  if (unknown !== undefined) {
    throw new Error(`There is no section ${unknown}; there are ${Object.keys(sections).join(', ')}.`)
  }
  console.log(`${machine()}\nMedians of interleaved rounds: compare the ratios, not the absolute figures.\n`)
  for (const [name, section] of Object.entries(sections)) {
    if (names.length === 0 || names.includes(name)) await section()
  }
}

await main(process.argv.slice(2))
