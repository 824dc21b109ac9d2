import { parseExactJsonSteps } from '../../core/json/exact-json.ts'
import { WorkSlice } from '../../db/time/time-slice.ts'

/** A longer text, in bytes, is parsed in turns of its own. */
export const LARGE_MESSAGE_BYTES = 65_536

/** As `parseExactJson`, in turns of the event loop of its own. */
export async function parseInTurns(text: string): Promise<unknown> {
  const slice = new WorkSlice()
  await slice.nextTurn()
  const value = await slice.run(parseExactJsonSteps(text))
  await slice.nextTurn()
  return value
}
