import { randomBytes } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { MongoMemoryReplSet } from 'mongodb-memory-server-core'
import { DryMongoBinary } from 'mongodb-memory-server-core/lib/util/DryMongoBinary.js'
import { MongoProxy } from './proxy.ts'
import { BUILD_MS, hasGo, StandIn } from './standin.ts'

/** Which server the MongoDB tests run on, and the words for it in the last lines of a run. */
export interface MongoChoice {
  readonly kind: 'url' | 'mongod' | 'stand-in' | 'none'
  readonly label: string
}

const VERSION = '8.0.4'
/** How long a server may take to be there, ms. */
export const START_MS: number = BUILD_MS + 20_000

/** MONGODB_URL, else a mongod that is found (or, with MONGODB_DOWNLOAD=1, fetched), else the stand-in, else none. */
export async function chooseMongo(env: NodeJS.ProcessEnv = process.env): Promise<MongoChoice> {
  if (env['MONGODB_URL'] !== undefined && env['MONGODB_URL'] !== '') {
    return { kind: 'url', label: 'the server of MONGODB_URL' }
  }
  if (env['MONGODB_DOWNLOAD'] === '1') return { kind: 'mongod', label: `mongod ${VERSION}` }
  env['MONGOMS_RUNTIME_DOWNLOAD'] = 'false'
  const found = await DryMongoBinary.locateBinary({ version: VERSION }).catch(() => undefined)
  if (found !== undefined) return { kind: 'mongod', label: `mongod at ${found}` }
  if (hasGo()) return { kind: 'stand-in', label: 'FerretDB 1.24' }
  const reason = 'no server: MONGODB_URL is not set, no mongod was found, and Go is not there to build the stand-in'
  if (env['REQUIRE_MONGODB'] === '1') throw new Error(`REQUIRE_MONGODB=1, but there is ${reason}`)
  return { kind: 'none', label: reason }
}

/** A server for one test file. */
export interface MongoServer {
  readonly label: string
  /** Has change streams and takes faults. */
  readonly proxy: MongoProxy
  /** Through the proxy. */
  readonly url: string
  /** Without change streams (poll mode); where the server has them, through a proxy that refuses them. */
  readonly pollUrl: string
  /** Without a proxy, so that a driver finds another primary; null for the stand-in, which is of no set. */
  readonly setUrl: string | null
  /** A name that no other test has. */
  database(): string
  /** Of the stand-in only: kill -9, and start again. Null for a server that is not ours. */
  readonly standIn: StandIn | null
  stop(): Promise<void>
}

interface Upstream {
  /** Its connection string. */
  readonly url: string
  readonly standIn: StandIn | null
  stop(): Promise<void>
}

async function startUpstream(choice: MongoChoice): Promise<Upstream> {
  if (choice.kind === 'url') {
    return { url: process.env['MONGODB_URL'] ?? '', standIn: null, stop: () => Promise.resolve() }
  }
  if (choice.kind === 'mongod') {
    const set = await MongoMemoryReplSet.create({ binary: { version: VERSION }, replSet: { count: 1 } })
    return { url: set.getUri(), standIn: null, stop: async () => void (await set.stop()) }
  }
  const standIn = await StandIn.start()
  return { url: `mongodb://${standIn.address}/`, standIn, stop: () => standIn.stop() }
}

/** The parts of a connection string: credentials, the first host, the rest without the set's name. */
function partsOf(url: string): { readonly login: string; readonly host: string; readonly query: string } {
  const [, login = '', host = '', query = ''] = /^mongodb:\/\/([^@/]*@)?([^/,?]+)[^?]*\??(.*)$/.exec(url) ?? []
  return { login, host, query: query.replace(/&?(replicaSet|directConnection)=[^&]*/g, '') }
}

/** Host and port of the primary, before which alone the proxy stands; `host` where the server is of no set. */
async function primaryOf(url: string, host: string): Promise<string> {
  if (host === '' || /[?&](tls|ssl)=true/.test(url)) {
    throw new Error('MONGODB_URL must begin with mongodb:// and be without TLS: the tests put a proxy before it.')
  }
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 10_000 })
  try {
    const { primary } = (await client.db('admin').command({ hello: 1 })) as { readonly primary?: string }
    return primary ?? host
  } finally {
    await client.close()
  }
}

/** Starts what `chooseMongo` chose, behind a proxy of its own. */
export async function startMongo(choice: MongoChoice): Promise<MongoServer> {
  const upstream = await startUpstream(choice)
  const simulated = upstream.standIn !== null
  const { login, host, query } = partsOf(upstream.url)
  const primary = simulated ? host : await primaryOf(upstream.url, host)
  const proxy = await MongoProxy.start({ upstream: primary, native: !simulated })
  const polled = simulated ? null : await MongoProxy.start({ upstream: primary, native: true, hasStreams: false })
  const urlOf = ({ address }: MongoProxy): string =>
    `mongodb://${login}${address}/?replicaSet=rs0&${query}`.replace(/&$/, '')
  return {
    label: simulated ? `${choice.label} with simulated change streams` : choice.label,
    proxy,
    url: urlOf(proxy),
    pollUrl: polled === null ? upstream.url : urlOf(polled),
    setUrl: simulated ? null : upstream.url,
    database: () => `t${randomBytes(6).toString('hex')}`,
    standIn: upstream.standIn,
    stop: async () => {
      await Promise.all([proxy.stop(), polled?.stop()])
      await upstream.stop()
    },
  }
}
