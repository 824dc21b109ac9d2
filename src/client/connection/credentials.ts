import type { ConnectOptions } from '../connect-options.ts'
import { BrokenConnection } from '../operations/remote-errors.ts'
import type { Credentials } from './link.ts'

/** The credentials that the options name. Two callers who ask at a time get the same answer. */
export function credentialsOf({ actor, token }: Pick<ConnectOptions, 'actor' | 'token'>): Credentials {
  let last: Promise<string | undefined> | null = null
  let asking: Promise<string | undefined> | null = null
  const ask = async (): Promise<string | undefined> => {
    // Everything below comes after `asking` is set.
    await Promise.resolve()
    try {
      return typeof token === 'function' ? await token() : token
    } catch (cause) {
      last = null
      throw new BrokenConnection('There is no token.', { mayHaveArrived: false, cause })
    } finally {
      asking = null
    }
  }
  const renewed = (): Promise<string | undefined> => (last = asking ??= ask())
  return { actor, token: () => last ?? renewed(), renewed }
}
