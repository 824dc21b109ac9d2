import { onTestFailed } from 'vitest'

/** The seed that was asked for, by `TIDEMARK_SEED`; null: none. */
export function givenSeed(): number | null {
  const text = process.env['TIDEMARK_SEED']
  return text === undefined || text === '' ? null : Number(text)
}

/** The seed of the running test: the given one, or another one each time. It is printed when the test fails. */
export function seedOfTest(): number {
  const seed = givenSeed() ?? Date.now() % 1_000_000
  onTestFailed(() => console.error(`TIDEMARK_SEED=${seed} repeats this run.`))
  return seed
}
