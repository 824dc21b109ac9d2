import { randomUUID } from 'node:crypto'
import type { AnsweredDraft } from '../../conflicted-writes.ts'
import { takeWithin } from '../../page.ts'
import type { Appended, Draft, Limit, TenantId } from '../../store.ts'
import type { HeadOverlay } from '../read/head-overlay.ts'
import type { MongoReader } from '../read/latest.ts'
import { fieldBytes, rowBytes } from '../rows.ts'
import type { AppendProgress } from './append-progress.ts'
import { notePurges } from '../write/erase.ts'
import { answeredDrafts, GroupAppend, type PreparedDraft } from './group-append.ts'

/** Bounds of one insert: commits, and their bytes. */
const INSERT_LIMIT: Limit = { rows: 64, bytes: 1_048_576 }

interface AppenderOptions extends Pick<MongoReader, 'tables' | 'tenants'> {
  /** Called after commits were acknowledged. */
  readonly onCommitted: (overlay: HeadOverlay) => void
}

/** Appends drafts; the calls of one tenant must not overlap. See docs/mongodb.md for the sequence. */
export class Appender {
  readonly #options: AppenderOptions

  constructor(options: AppenderOptions) {
    this.#options = options
  }

  /** Appends the drafts of a call. Rejects when it fails; `progress` then knows what became of them. */
  async append(tenant: TenantId, progress: AppendProgress): Promise<readonly Appended[]> {
    const { tables, tenants, onCommitted } = this.#options
    const answered: AnsweredDraft[] = []
    let remaining = progress.drafts.map(prepare)
    while (remaining.length > 0) {
      progress.assertOpen()
      const { rows: group } = takeWithin(remaining, INSERT_LIMIT, ({ bytes }) => bytes)
      const options = { writer: randomUUID(), answered: [...answered], progress }
      const answers = await tenants.with(tenant, async (overlay) => {
        const reader = { tables, tenants, overlay, deadline: progress.deadline, purgesAtStart: overlay.purges }
        await notePurges(tables, overlay, group)
        const appended = await new GroupAppend(reader, options).append(group)
        if (appended.some(({ kind }) => kind === 'committed')) onCommitted(overlay)
        return appended
      })
      answered.push(...answeredDrafts(group, answers))
      progress.endGroup(answers)
      remaining = remaining.slice(group.length)
    }
    return progress.results
  }
}

function prepare(draft: Draft): PreparedDraft {
  const texts = draft.writes.map(({ value, json }) => json ?? JSON.stringify(value))
  const fields = draft.writes.reduce((sum, write) => sum + fieldBytes(write.fields), 0)
  return { draft, texts, bytes: texts.reduce((sum, text) => sum + rowBytes(text), rowBytes(draft.id)) + fields }
}
