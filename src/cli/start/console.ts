import type { Invocation } from '../run/invocation.ts'
import { targetOf } from '../run/target.ts'
import { requireServer } from '../tools/status.ts'
import { openPage } from './open-page.ts'

interface ConsoleFlags {
  readonly print?: boolean | undefined
}

/** `tidemark console`: prints the address of the console and, on a terminal, opens it in a browser. */
export async function runConsole(given: Invocation<ConsoleFlags>): Promise<void> {
  const { flags, env, output } = given
  const { url } = await targetOf(flags, env)
  await requireServer(url, given)
  const address = `${url}/console`
  await output.one({ url: address }, () => address)
  if (flags.print !== true && process.stdout.isTTY) openPage(address)
}
