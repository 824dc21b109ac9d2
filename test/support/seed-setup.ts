import { givenSeed } from './seed.ts'

// fast-check prints the seed of a property that fails; here it takes the one that was given.
const seed = givenSeed()
if (seed !== null) (await import('fast-check')).default.configureGlobal({ seed })
