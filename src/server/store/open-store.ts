import { DatabaseError } from '../../core/error.ts'
import type { Store, TenantId } from '../../store/store.ts'
import { StartError, type Config } from '../config/config.ts'
import { ReconnectingStore } from './reconnecting-store.ts'
import type { Log } from '../config/logger.ts'

/** The store that the configuration names. */
interface OpenedStore {
  readonly store: Store
  /** Why the store does not answer at the moment; null when it does. */
  readonly unavailableReason: () => string | null
}

/** Interval of the probes whether MongoDB answers, ms. */
const PROBE_MS = 1_000
/**
 * How long the server waits for the first one before it listens, ms: as long as a call of the store takes at most, but
 * less than a build of the indexes of a large log.
 */
const FIRST_PROBE_MS = 5_000

/**
 * Opens MongoDB when a URL is configured, else the embedded store, or one in memory; an adapter is loaded only when it
 * is used. Throws StartError when the store can never work; a MongoDB that does not answer is tried again.
 */
export async function openStore(
  config: Pick<Config, 'directory' | 'mongodb' | 'memory'>,
  tenant: TenantId,
  log: Log,
): Promise<OpenedStore> {
  try {
    if (config.memory === true) return await openMemory()
    return config.mongodb === undefined
      ? await openEmbedded(config.directory, log)
      : await openMongo(config.mongodb, tenant, log)
  } catch (error) {
    throw error instanceof DatabaseError ? new StartError(error.message, { cause: error }) : error
  }
}

async function openMemory(): Promise<OpenedStore> {
  const { MemoryStore } = await import('../../store/memory/memory-store.ts')
  return { store: new MemoryStore(), unavailableReason: () => null }
}

async function openEmbedded(directory: string, log: Log): Promise<OpenedStore> {
  const { openLmdbStore } = await import('../../store/lmdb/lmdb-store.ts')
  const store = await openLmdbStore({ directory, onStatus: (sentence) => log.info(sentence) })
  return { store, unavailableReason: () => null }
}

async function openMongo(url: string, tenant: TenantId, log: Log): Promise<OpenedStore> {
  const { openMongoStore } = await import('../../store/mongo/open-mongo-store.ts')
  const store = await ReconnectingStore.start({
    open: () => openMongoStore({ url, onStatus: (line) => log.info(line) }),
    tenant,
    probeIntervalMs: PROBE_MS,
    firstProbeMs: FIRST_PROBE_MS,
    onChange: (reason) => {
      if (reason === null) log.info('MongoDB answers.')
      else log.warn(reason)
    },
  })
  return { store, unavailableReason: () => store.unavailableReason }
}
