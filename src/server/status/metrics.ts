import { Gauge, Registry } from 'prom-client'
import type { FeedCounts, RetentionCounts } from '../../db/engine.ts'
import type { MemoryBudget } from '../limits/memory-budget.ts'

/** Metrics in the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export interface Metrics {
  /** The media type of the text. */
  readonly type: string
  text(): Promise<string>
}

/** Counts of the engine; one that is left out is 0. */
export type EngineCounts = FeedCounts & Partial<RetentionCounts>

const GAUGES: Readonly<Record<keyof EngineCounts, { readonly name: string; readonly help: string }>> = {
  feeds: { name: 'tidemark_subscriptions', help: 'Running subscriptions.' },
  shapes: {
    name: 'tidemark_shapes',
    help: 'Distinct shapes among them: each is read and matched once for all who follow it.',
  },
  unindexedShapes: {
    name: 'tidemark_unindexed_shapes',
    help: 'Shapes that no "field == constant" tells apart: every change at their paths is looked at for each of them.',
  },
  removedVersions: {
    name: 'tidemark_retention_removed_versions',
    help: 'Versions that retention removed since this process started.',
  },
  expiredDocuments: {
    name: 'tidemark_retention_expired_documents',
    help: 'Documents that retention deleted since this process started, without those nested in them.',
  },
}

/** Gauges that are read at each call of `text`. */
export function createMetrics(counts: () => EngineCounts, memoryBudget: Pick<MemoryBudget, 'bytes'>): Metrics {
  const registry = new Registry()
  for (const [key, { name, help }] of Object.entries(GAUGES)) {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [registry],
      collect: (): void => gauge.set(counts()[key as keyof EngineCounts] ?? 0),
    })
  }
  const bytes: Gauge = new Gauge({
    name: 'tidemark_held_bytes',
    help: 'Bytes that are held for clients: see inflightBytes in docs/limits.md.',
    registers: [registry],
    collect: (): void => bytes.set(memoryBudget.bytes),
  })
  return { type: registry.contentType, text: () => registry.metrics() }
}
