import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Store, TenantId } from '../../../src/store/store.ts'

export interface MongoCall {
  readonly id: number
  readonly method: 'append' | 'heads' | 'log' | 'find'
  readonly args: readonly unknown[]
}

export type MongoReply =
  | { readonly kind: 'open' }
  | { readonly kind: 'notify'; readonly tenant: TenantId }
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly message: string }

const PROGRAM = fileURLToPath(new URL('process.ts', import.meta.url))

/** A store on MongoDB in a process of its own. */
export class MongoChild implements Pick<Store, 'append' | 'heads' | 'log' | 'find' | 'listen'> {
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>()
  readonly #listeners = new Set<(tenant: TenantId) => void>()
  #calls = 0

  private constructor(child: ChildProcess) {
    this.#process = child
    child.on('message', (reply: MongoReply) => this.#receive(reply))
    child.on('exit', () =>
      this.#waiting.forEach(({ reject }) => reject(new Error('the process ended before it answered'))),
    )
  }

  static async start(url: string, database: string): Promise<MongoChild> {
    const args = ['--import', 'tsx', PROGRAM, url, database]
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    })
    const opened = once(child, 'message')
    const gone = once(child, 'exit').then(() => {
      throw new Error('the process did not open its store')
    })
    await Promise.race([opened, gone])
    gone.catch(() => {
      // It did open its store.
    })
    return new MongoChild(child)
  }

  append: Store['append'] = (...args) => this.#call('append', args)
  heads: Store['heads'] = (...args) => this.#call('heads', args)
  log: Store['log'] = (...args) => this.#call('log', args)
  find: Store['find'] = (...args) => this.#call('find', args)

  async listen(listener: (tenant: TenantId) => void): Promise<AsyncDisposable> {
    this.#listeners.add(listener)
    return { [Symbol.asyncDispose]: async () => void this.#listeners.delete(listener) }
  }

  /** Ends it with SIGKILL and waits until it is gone. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const gone = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await gone
  }

  #call<T>(method: MongoCall['method'], args: readonly unknown[]): Promise<T> {
    const id = ++this.#calls
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject })
      this.#process.send({ id, method, args } satisfies MongoCall, (error) =>
        error === null ? undefined : reject(error),
      )
    })
  }

  #receive(reply: MongoReply): void {
    if (reply.kind === 'open') return
    if (reply.kind === 'notify') return this.#listeners.forEach((listener) => listener(reply.tenant))
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if (reply.kind === 'result') waiting?.resolve(reply.result)
    else waiting?.reject(new Error(reply.message))
  }
}
