import { contextsFile, readContexts, writeContexts, type Contexts } from '../run/contexts.ts'
import { shown } from '../run/colour.ts'
import { badUsage } from '../run/failure.ts'
import type { Invocation } from '../run/invocation.ts'
import { ask } from '../question.ts'
import { checkedUrl, readToken } from '../run/target.ts'

const NAME = /^[\w.-]{1,64}$/

/** `tidemark context add`: names a server; the first one is current at once. */
export async function runContextAdd(given: Invocation): Promise<void> {
  const { args, flags, env, output, signal } = given
  const [name = ''] = args
  if (!NAME.test(name)) throw badUsage('The name of a context has letters, digits, dots and dashes, at most 64.')
  const url = checkedUrl(flags.url ?? (await askUrl(signal)))
  const token = flags.tokenFile === undefined ? undefined : await readToken(flags.tokenFile)
  const { current, contexts } = await readContexts(env)
  await writeContexts(env, { current: current ?? name, contexts: { ...contexts, [name]: { url, token } } })
  await output.one({ name, url }, () => {
    const now = current === null ? ' It is the current context.' : ''
    return `${name} is ${shown(url)}, kept in ${contextsFile(env)}.${now}`
  })
}

async function askUrl(signal: AbortSignal): Promise<string> {
  if (!process.stdin.isTTY) throw badUsage('Say with --url where the server is.')
  return ask({ text: 'The address of the server: ', unanswered: 'No context was added.', signal })
}

/** `tidemark context ls`: their names and addresses; never a token. */
export async function runContextLs({ env, output }: Invocation): Promise<void> {
  const { current, contexts } = await readContexts(env)
  const width = Math.max(0, ...Object.keys(contexts).map((name) => name.length))
  const rows = output.many()
  for (const [name, { url, token }] of Object.entries(contexts)) {
    const isCurrent = name === current
    await rows.row({ name, url, current: isCurrent, token: token !== undefined }, () => {
      const mark = isCurrent ? output.paint('green', '*') : ' '
      return `${mark} ${name.padEnd(width)}  ${shown(url)}${token === undefined ? '' : '  with a token'}`
    })
  }
  await rows.end()
}

/** `tidemark context use`. */
export async function runContextUse(given: Invocation): Promise<void> {
  await change(given, ({ contexts }, name) => ({ current: name, contexts }))
}

/** `tidemark context rm`. */
export async function runContextRm(given: Invocation): Promise<void> {
  await change(given, ({ current, contexts }, name) => {
    const { [name]: _, ...others } = contexts
    return { current: current === name ? null : current, contexts: others }
  })
}

async function change(
  { args, env, output }: Invocation,
  to: (contexts: Contexts, name: string) => Contexts,
): Promise<void> {
  const [name = ''] = args
  const before = await readContexts(env)
  if (!Object.hasOwn(before.contexts, name)) {
    throw badUsage(`There is no context ${name}: tidemark context ls lists them.`)
  }
  const after = to(before, name)
  await writeContexts(env, after)
  const { current } = after
  await output.one({ current }, () => `The current context is ${current ?? 'none'}.`)
}
