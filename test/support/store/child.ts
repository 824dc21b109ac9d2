import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { DatabaseError, type ErrorCode, type ErrorDetails } from '../../../src/core/error.ts'
import type { Store } from '../../../src/store/store.ts'
import type { Answer, Call } from './process.ts'

/** The store of another process. A call rejects with the store's DatabaseError, or when the process ends first. */
export type RemoteStore = Omit<Store, 'listen'>

export interface StoreChild extends AsyncDisposable {
  readonly pid: number
  readonly store: RemoteStore
  /** Ends the process with SIGKILL and waits until it is gone. */
  kill(): Promise<void>
}

const PROGRAM = fileURLToPath(new URL('process.ts', import.meta.url))
const OPENED = 0

/**
 * Starts a process that opens the lmdb store in `directory`; `launcher` is what it is run with, before node. Rejects as
 * opening does.
 */
export async function startStore(directory: string, launcher: readonly string[] = []): Promise<StoreChild> {
  const [command, ...args] = [...launcher, process.execPath, '--import', 'tsx', PROGRAM, directory] as const
  // Where calls are made to fail, lmdb writes a line about each.
  const stderr = launcher.length === 0 ? 'inherit' : 'ignore'
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', stderr, 'ipc'], serialization: 'advanced' })
  const pending = answersOf(child)
  const kill = (): Promise<void> => killed(child)
  try {
    await pending.expect(OPENED)
  } catch (error) {
    await kill()
    throw error
  }
  return { pid: child.pid ?? 0, store: remoteStore(child, pending), kill, [Symbol.asyncDispose]: kill }
}

interface Pending {
  expect(id: number): Promise<unknown>
}

function answersOf(child: ChildProcess): Pending {
  const waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: unknown) => void }>()
  child.on('message', (answer: Answer) => {
    const call = waiting.get(answer.id)
    waiting.delete(answer.id)
    if ('result' in answer) call?.resolve(answer.result)
    else call?.reject(errorOf(answer))
  })
  child.on('exit', (code, signal) => {
    for (const { reject } of waiting.values()) {
      reject(new Error(`the process ended (${code ?? signal}) before it answered`))
    }
  })
  return { expect: (id) => new Promise((resolve, reject) => waiting.set(id, { resolve, reject })) }
}

function errorOf({ error }: Extract<Answer, { error: unknown }>): Error {
  return new DatabaseError(error.code as ErrorCode, error.message, error.details as ErrorDetails)
}

function remoteStore(child: ChildProcess, pending: Pending): RemoteStore {
  let calls = OPENED
  const caller =
    (method: Call['method']) =>
    (...args: readonly unknown[]): Promise<unknown> => {
      const call: Call = { id: ++calls, method, args }
      if (!child.connected) return Promise.reject(new Error('the process has ended'))
      const answer = pending.expect(call.id)
      // A process that is gone has its calls rejected by its exit.
      child.send(call, () => undefined)
      return answer
    }
  const methods = [
    'append',
    'erase',
    'raiseFloor',
    'thin',
    'find',
    'heads',
    'list',
    'collections',
    'history',
    'log',
    'revisionAt',
    'drop',
    'close',
  ] as const
  return Object.fromEntries(methods.map((method) => [method, caller(method)])) as unknown as RemoteStore
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}
