import { expectAlive } from './fixture.ts'

/** Resolves with a count that grows no more while the server answers 50 requests of others. */
export async function standstill(count: () => number, endpoint: string): Promise<number> {
  let [last, same] = [-1, 0]
  while (same < 50) {
    await expectAlive(endpoint)
    same = count() === last ? same + 1 : 0
    last = count()
  }
  return last
}
