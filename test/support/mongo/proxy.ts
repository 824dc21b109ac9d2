import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { ObjectId } from 'mongodb'
import { ChangeStreams } from './changes.ts'
import {
  CommandFaults,
  greet,
  refusal,
  withWtimeout,
  type CommandFault,
  type CommandTest,
  type Greeting,
} from './faults.ts'
import { CommitLag } from './lag.ts'
import { NativeStreams, opensStream } from './native.ts'
import { commandOf, encodeReply, messageReader, type Doc, type Message } from './wire.ts'

export interface ProxyOptions {
  /** Host and port of the server behind it. */
  readonly upstream: string
  /** The server behind it has change streams of its own: they pass. Default false: they are simulated. */
  readonly native?: boolean | undefined
  /** Whether clients may open change streams; else they are refused as by a server that has none. Default true. */
  readonly hasStreams?: boolean | undefined
}

/** What a reply to a command becomes. */
export type ReplyEdit = (reply: Doc, command: Doc) => Doc

/** Which command is refused, and how. */
interface RefusalOptions {
  readonly isMeant?: CommandTest | undefined
  /** Default: a sentence with the code. */
  readonly errmsg?: string | undefined
}

/** Commands as they came, in order. */
export interface Recording {
  readonly commands: readonly Doc[]
  stop(): void
}

interface PendingRequest {
  readonly request: Message
  readonly fault: CommandFault | null
}

/** One client's connection with the server's connection behind it. */
interface Link {
  readonly client: Socket
  readonly server: Socket
  /** Requests that were forwarded, by id, until their replies came. */
  readonly pending: Map<number, PendingRequest>
}

/** Unknown stage of an aggregation. */
const NO_STREAMS = 40324
const GREETINGS: ReadonlySet<string> = new Set(['hello', 'isMaster', 'ismaster'])

/**
 * Stands between driver and server on the wire: makes a replica set of one, simulates change streams, injects faults.
 */
export class MongoProxy {
  readonly streams: ChangeStreams = new ChangeStreams()
  readonly lag: CommitLag = new CommitLag()
  /** Null where the streams are simulated. */
  readonly #native: NativeStreams | null
  /** How many commands of each name came. */
  readonly counts: Map<string, number> = new Map()
  readonly #listeners = new Set<(command: Doc) => void>()
  readonly #faults = new CommandFaults()
  /** Names of commands that are refused until further notice, with the reply. */
  readonly #refused = new Map<string, Doc>()
  /** What replies to commands of a name become. */
  readonly #altered = new Map<string, ReplyEdit>()
  readonly #links = new Set<Link>()
  readonly #options: ProxyOptions
  readonly #server: Server
  #greeting: Greeting = 'primary'
  #electionId = new ObjectId()
  #mute = false

  private constructor(options: ProxyOptions) {
    this.#options = options
    this.#native = options.native === true ? new NativeStreams(this.streams) : null
    this.#server = createServer((client) => this.#accept(client))
  }

  /** A proxy that listens on a free port of the loopback. */
  static async start(options: ProxyOptions): Promise<MongoProxy> {
    const proxy = new MongoProxy(options)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  /** Host and port of the server behind it. */
  get upstream(): string {
    return this.#options.upstream
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** Records the commands of this name until it is stopped. */
  record(name: string): Recording {
    const commands: Doc[] = []
    const take = (command: Doc): void => {
      if (commandOf(command) === name) commands.push(command)
    }
    this.#listeners.add(take)
    return { commands, stop: () => void this.#listeners.delete(take) }
  }

  /** The next command of this name is done, but its reply is lost with the connection. */
  loseReply(command: string): void {
    this.#faults.add(command, { kind: 'loseReply' })
  }

  /**
   * The next command of this name (for which `isMeant` holds) is done; its reply is held back. Resolves, when that
   * happened, with what lets it go.
   */
  holdReply(command: string, isMeant?: CommandTest): Promise<() => void> {
    return new Promise((resolve) => this.#faults.add(command, { kind: 'holdReply', held: resolve }, isMeant))
  }

  /**
   * The next command of this name (for which `isMeant` holds) is refused with this error code and not done; `errmsg` by
   * default says so.
   */
  refuse(command: string, code: number, { isMeant, errmsg }: RefusalOptions = {}): void {
    const reply = { ...refusal(code), ...(errmsg === undefined ? {} : { errmsg }) }
    this.#faults.add(command, { kind: 'answer', reply }, isMeant)
  }

  /** From now on every command of this name is refused with this error code, and not done; null ends that. */
  refuseAll(command: string, code: number | null): void {
    if (code === null) this.#refused.delete(command)
    else this.#refused.set(command, refusal(code))
  }

  /** The next command of this name is done, and said to have missed its majority in time. */
  timeOutMajority(command: string): void {
    this.#faults.add(command, { kind: 'wtimeout' })
  }

  /** From now on the replies to commands of this name are what `edit` makes of them; null ends that. */
  alter(command: string, edit: ReplyEdit | null): void {
    if (edit === null) this.#altered.delete(command)
    else this.#altered.set(command, edit)
  }

  /** Cuts every connection. */
  cut(): void {
    for (const link of this.#links) this.#unlink(link)
  }

  /** From now on connections are accepted and never answered; `false` ends that, with new connections. */
  mute(on: boolean): void {
    this.#mute = on
    if (!on) this.cut()
  }

  /** What the server calls itself from now on; connections are cut so that it is asked again. */
  greetAs(greeting: Greeting): void {
    this.#greeting = greeting
    this.#electionId = new ObjectId()
    this.cut()
  }

  #accept(client: Socket): void {
    const [host, port] = this.#options.upstream.split(':')
    const link: Link = { client, server: connect(Number(port), host), pending: new Map() }
    this.#links.add(link)
    const requests = messageReader()
    const replies = messageReader()
    client.on('data', (chunk) => requests(chunk).forEach((message) => this.#request(link, message)))
    link.server.on('data', (chunk) => replies(chunk).forEach((message) => this.#reply(link, message)))
    for (const event of ['error', 'close']) {
      client.on(event, () => this.#unlink(link))
      link.server.on(event, () => this.#lostServer(link))
    }
    client.setNoDelay(true)
    link.server.setNoDelay(true)
  }

  /** A server that goes away takes the cursors of its streams with it. */
  #lostServer(link: Link): void {
    if (this.#links.has(link)) this.streams.close()
    this.#unlink(link)
  }

  #unlink(link: Link): void {
    this.#links.delete(link)
    link.client.destroy()
    link.server.destroy()
  }

  #request(link: Link, request: Message): void {
    if (this.#mute) return
    const command = commandOf(request.body)
    this.counts.set(command, (this.counts.get(command) ?? 0) + 1)
    for (const listen of this.#listeners) listen(request.body)
    const refused = this.#refused.get(command)
    if (refused !== undefined) return this.#answer(link, request, refused)
    const fault = this.#faults.take(command, request.body)
    if (fault?.kind === 'answer') return this.#answer(link, request, fault.reply)
    if (this.#options.hasStreams === false && opensStream(request.body)) {
      return this.#answer(link, request, refusal(NO_STREAMS))
    }
    if (this.#greeting === 'standalone' && opensStream(request.body)) return this.#answer(link, request, refusal(40573))
    if (this.#native === null && this.#simulate(link, request, command)) return
    const forward = (): void => {
      link.pending.set(request.id, { request, fault })
      link.server.write(request.bytes)
    }
    if (!this.lag.holds(request.body, forward)) forward()
  }

  #answer(link: Link, request: Message, reply: Doc): void {
    if (!link.client.destroyed && !this.#mute) link.client.write(encodeReply(request, reply))
  }

  /** Answers what concerns simulated change streams; false when it does not. */
  #simulate(link: Link, request: Message, command: string): boolean {
    const { body } = request
    if (opensStream(body)) {
      this.#answer(link, request, this.streams.watch(body))
      return true
    }
    if (command === 'getMore' && this.streams.has(body['getMore'])) {
      void this.streams.more(body).then((reply) => this.#answer(link, request, reply))
      return true
    }
    const cursors = command === 'killCursors' ? (body['cursors'] as readonly unknown[]) : []
    if (!cursors.some((cursor) => this.streams.has(cursor))) return false
    this.streams.close(cursors)
    this.#answer(link, request, {
      cursorsKilled: cursors,
      cursorsNotFound: [],
      cursorsAlive: [],
      cursorsUnknown: [],
      ok: 1,
    })
    return true
  }

  #reply(link: Link, message: Message): void {
    const pending = link.pending.get(message.responseTo)
    link.pending.delete(message.responseTo)
    if (pending === undefined) return
    const { request, fault } = pending
    this.lag.inserted(request.body, message.body)
    const finish = (): void => this.#finish(link, message, { request, fault })
    if (!this.lag.holdsReply(request.body, finish)) finish()
  }

  #finish(link: Link, message: Message, { request, fault }: PendingRequest): void {
    const command = commandOf(request.body)
    const bent = this.#native?.reply(request.body, message.body) ?? null
    const shown = this.lag.without(request.body, message.body)
    if (shown !== null) return this.#answer(link, request, shown)
    if (command === 'insert' && this.#native === null) this.streams.insert(request.body, message.body)
    const edit = this.#altered.get(command)
    if (GREETINGS.has(command)) {
      const greeted = greet(message.body, this.#greeting, this.address, this.#electionId)
      return this.#answer(link, request, edit?.(greeted, request.body) ?? greeted)
    }
    if (edit !== undefined) return this.#answer(link, request, edit(message.body, request.body))
    if (fault?.kind === 'loseReply') return this.#unlink(link)
    if (fault?.kind === 'wtimeout') return this.#answer(link, request, withWtimeout(message.body))
    const pass = (): void => void (this.#mute || link.client.destroyed || link.client.write(message.bytes))
    if (fault?.kind === 'holdReply') return fault.held(pass)
    if (bent === null) return pass()
    if (bent.lateMs > 0) setTimeout(() => this.#answer(link, request, bent.body), bent.lateMs)
    else this.#answer(link, request, bent.body)
  }
}
