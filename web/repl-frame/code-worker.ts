import { execute } from './execute.ts'
import { inspect } from './inspect.ts'
import type { FromFrame, ToFrame } from './messages.ts'
import { RemoteDb } from './remote-db.ts'
import { createScope } from './scope.ts'

const send = (message: FromFrame): void => postMessage(message)
const remote = new RemoteDb((message) => {
  try {
    send(message)
  } catch {
    throw new TypeError('Functions and such cannot be sent: call db with values that JSON can keep.')
  }
})
const scope = createScope()
const stopped = new Map<number, () => void>()

addEventListener('message', ({ data }: MessageEvent<ToFrame>) => {
  if (data.kind === 'run') void run(data.run, data.code)
  else if (data.kind === 'stop') stop(data.run)
  else remote.receive(data)
})
addEventListener('unhandledrejection', (event) => {
  event.preventDefault()
  send({ kind: 'print', run: last, text: inspect(event.reason) })
})

/** The program that was started last: what nobody awaits is shown with it. */
let last = 0

async function run(id: number, code: string): Promise<void> {
  last = id
  const print = (...values: readonly unknown[]): void =>
    send({ kind: 'print', run: id, text: values.map(textOf).join(' ') })
  const stopping = new Promise<void>((resolve) => stopped.set(id, resolve))
  try {
    scope.set({ db: remote.of(id), print, console: { log: print, info: print, warn: print, error: print } })
    const result = await Promise.race([execute(code, scope), stopping])
    if (isFeed(result)) for await (const item of result) print(item)
    const isShown = result !== undefined && !isFeed(result)
    if (isShown) scope.set({ _: result })
    send({ kind: 'done', run: id, text: isShown ? inspect(result) : null })
  } catch (error) {
    send({ kind: 'threw', run: id, text: inspect(error) })
  } finally {
    stopped.delete(id)
  }
}

function stop(id: number): void {
  remote.stop(id)
  stopped.get(id)?.()
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : inspect(value))

function isFeed(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

send({ kind: 'ready' })
