import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT } from './markdown.ts'

/** A file in one layer, and what it imports. */
type Import = readonly [file: string, target: string]

const REFUSED: readonly Import[] = [
  ['src/core/probe.ts', 'node:fs'],
  ['src/core/probe.ts', 'ulid'],
  ['src/core/probe.ts', '../store/store.ts'],
  ['src/store/probe.ts', '../db/engine.ts'],
  ['src/store/memory/probe.ts', '../lmdb/lmdb-store.ts'],
  ['src/store/memory/probe.ts', 'lmdb'],
  ['src/store/memory/probe.ts', '../../db/engine.ts'],
  ['src/store/lmdb/probe.ts', '../memory/memory-store.ts'],
  ['src/store/lmdb/probe.ts', 'mongodb'],
  ['src/store/mongo/probe.ts', '../lmdb/lmdb-store.ts'],
  ['src/db/probe.ts', '../store/lmdb/lmdb-store.ts'],
  ['src/db/probe.ts', 'lmdb'],
  ['src/db/probe.ts', '../graphql/schema.ts'],
  ['src/db/probe.ts', '../server/config.ts'],
  ['src/core/json/probe.ts', '../../store/store.ts'],
  ['src/core/database/probe.ts', '../../store/store.ts'],
  ['src/core/patch/probe.ts', '../../store/store.ts'],
  ['src/core/patch/probe.ts', 'node:fs'],
  ['src/core/patch/probe.ts', 'fastify'],
  ['src/db/time/probe.ts', '../log/log-tail.ts'],
  ['src/db/shape/probe.ts', '../log/log-tail.ts'],
  ['src/db/shape/cel/probe.ts', '../../read/reader.ts'],
  ['src/db/shape/cel/runtime/probe.ts', '../compile.ts'],
  ['src/db/shape/cel/runtime/probe.ts', '../../../read/reader.ts'],
  ['src/db/log/probe.ts', '../read/reader.ts'],
  ['src/db/read/probe.ts', '../feed/open.ts'],
  ['src/db/read/probe.ts', '../write/draft.ts'],
  ['src/db/read/probe.ts', '../past/restore.ts'],
  ['src/db/write/probe.ts', '../past/restore.ts'],
  ['src/db/past/probe.ts', '../feed/open.ts'],
  ['src/db/past/probe.ts', '../engine.ts'],
  ['src/db/write/probe.ts', '../read/reader.ts'],
  ['src/db/write/probe.ts', '../../store/lmdb/lmdb-store.ts'],
  ['src/db/read/probe.ts', '../past/diff.ts'],
  ['src/db/feed/probe.ts', '../cluster/cluster.ts'],
  ['src/db/feed/probe.ts', '../engine.ts'],
  ['src/db/feed/cohort/probe.ts', '../feed.ts'],
  ['src/db/feed/cohort/probe.ts', '../../read/reader.ts'],
  ['src/db/feed/cohort/state/probe.ts', '../live-edge.ts'],
  ['src/db/feed/cohort/state/probe.ts', '../../../time/earliest-timer.ts'],
  ['src/db/feed/cohort/state/probe.ts', '../../../../store/store.ts'],
  ['src/db/feed/cohort/state/probe.ts', 'node:timers/promises'],
  ['src/db/cluster/probe.ts', '../tenant.ts'],
  ['src/db/retention/probe.ts', '../feed/open.ts'],
  ['src/db/retention/probe.ts', '../tenant.ts'],
  ['src/core/retention/probe.ts', '../../store/store.ts'],
  ['src/server/config/probe.ts', '../limits/memory-budget.ts'],
  ['src/server/limits/probe.ts', '../operations/executor.ts'],
  ['src/server/operations/probe.ts', '../broadcast/pump.ts'],
  ['src/server/broadcast/probe.ts', '../ws/ws-connection.ts'],
  ['src/server/sse/probe.ts', '../http/http-server.ts'],
  ['src/server/status/probe.ts', '../http/http-server.ts'],
  ['src/server/status/probe.ts', '../static/static-files.ts'],
  ['src/server/static/probe.ts', '../http/http-server.ts'],
  ['src/server/http/probe.ts', '../ws/ws-server.ts'],
  ['src/server/ws/probe.ts', '../app.ts'],
  ['src/server/store/probe.ts', '../http/http-server.ts'],
  ['src/graphql/probe.ts', '../db/engine.ts'],
  ['src/graphql/probe.ts', '../store/store.ts'],
  ['src/graphql/probe.ts', '../server/config.ts'],
  ['src/rest/probe.ts', '../db/engine.ts'],
  ['src/client/probe.ts', 'node:http'],
  ['src/client/probe.ts', '../server/config.ts'],
  ['src/client/live/probe.ts', '../../db/engine.ts'],
  ['src/react/probe.ts', '../server/config.ts'],
  ['src/react/probe.ts', 'node:fs'],
  ['src/vue/probe.ts', '../db/engine.ts'],
  ['src/tanstack-db/probe.ts', '@tanstack/db'],
  ['src/documents/probe.ts', '../graphql/schema.ts'],
  ['src/testing/probe.ts', '../db/engine.ts'],
  ['src/cli/probe.ts', '../db/engine.ts'],
  ['src/cli/probe.ts', '../store/lmdb/lmdb-store.ts'],
]

const ALLOWED: readonly Import[] = [
  ['src/core/probe.ts', './path.ts'],
  ['src/store/probe.ts', '../core/path.ts'],
  ['src/store/memory/probe.ts', '../store.ts'],
  ['src/store/lmdb/probe.ts', 'lmdb'],
  ['src/store/lmdb/probe.ts', '../../core/path.ts'],
  ['src/store/mongo/probe.ts', 'mongodb'],
  ['src/db/probe.ts', '../store/store.ts'],
  ['src/db/probe.ts', 'node:crypto'],
  ['src/graphql/probe.ts', '../core/database.ts'],
  ['src/graphql/probe.ts', 'graphql'],
  ['src/core/json/probe.ts', '../error.ts'],
  ['src/core/patch/probe.ts', '../json/json.ts'],
  ['src/db/past/probe.ts', '../write/request.ts'],
  ['src/db/past/probe.ts', '../read/as-of.ts'],
  ['src/core/patch/probe.ts', 'fast-json-patch'],
  ['src/db/past/probe.ts', '../read/resolve-path.ts'],
  ['src/db/past/probe.ts', '../write/committer.ts'],
  ['src/db/read/probe.ts', '../log/log-tail.ts'],
  ['src/db/write/probe.ts', '../time/stamp-clock.ts'],
  ['src/db/feed/probe.ts', '../read/reader.ts'],
  ['src/db/feed/probe.ts', './cohort/cohort.ts'],
  ['src/db/feed/cohort/probe.ts', '../../log/log-tail.ts'],
  ['src/db/feed/cohort/probe.ts', './state/cohort-state.ts'],
  ['src/db/feed/cohort/state/probe.ts', '../../../../core/version.ts'],
  ['src/db/cluster/probe.ts', '../feed/authorize.ts'],
  ['src/server/http/probe.ts', '../sse/event-stream.ts'],
  ['src/server/ws/probe.ts', '../http/http-server.ts'],
  ['src/server/operations/probe.ts', '../../graphql/limits/budget.ts'],
  ['src/server/probe.ts', '../store/lmdb/lmdb-store.ts'],
  ['src/server/probe.ts', '../graphql/schema.ts'],
  ['src/client/probe.ts', '../core/database.ts'],
  ['src/client/live/probe.ts', '../writes/outbox.ts'],
  ['src/react/probe.ts', 'react'],
  ['src/react/probe.ts', '../client/live/live-state.ts'],
  ['src/vue/probe.ts', 'vue'],
  ['src/tanstack-db/probe.ts', '../core/database.ts'],
  ['src/documents/probe.ts', '../core/json/json.ts'],
  ['src/testing/probe.ts', '../server/app.ts'],
  ['src/testing/probe.ts', '../client/connect.ts'],
  ['src/cli/probe.ts', '../server/config.ts'],
]

const OXLINT = join(ROOT, 'node_modules/.bin/oxlint')
let copy: string

/** Lints a copy of the sources in which each file imports its targets; gives the imports that were refused. */
function refusedOf(imports: readonly Import[]): readonly string[] {
  const files = new Map<string, string[]>()
  for (const [file, target] of imports) files.set(file, [...(files.get(file) ?? []), target])
  for (const [file, targets] of files) {
    mkdirSync(dirname(join(copy, file)), { recursive: true })
    writeFileSync(join(copy, file), targets.map((target) => `import '${target}'\n`).join(''))
  }
  const { stdout, stderr } = spawnSync(OXLINT, ['--format', 'json', ...files.keys()], { cwd: copy, encoding: 'utf8' })
  if (!stdout.startsWith('{')) throw new Error(`oxlint gave no report: ${stdout}${stderr}`)
  for (const file of files.keys()) rmSync(join(copy, file))
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: readonly { code: string; filename: string; labels: readonly { span: { line: number } }[] }[]
  }
  return diagnostics
    .filter(({ code }) => code.includes('no-restricted-imports'))
    .map(({ filename, labels }) => `${filename} → ${files.get(filename)?.[(labels[0]?.span.line ?? 0) - 1]}`)
}

describe('the lint', () => {
  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'tidemark-layers-'))
    cpSync(join(ROOT, 'src'), join(copy, 'src'), { recursive: true })
    cpSync(join(ROOT, '.oxlintrc.json'), join(copy, '.oxlintrc.json'))
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  })

  afterAll(() => rmSync(copy, { recursive: true }))

  test('refuses every import against the layers', () => {
    expect([...refusedOf(REFUSED)].sort()).toEqual(REFUSED.map((pair) => pair.join(' → ')).sort())
  })

  test('lets every import along the layers pass', () => {
    expect(refusedOf(ALLOWED)).toEqual([])
  })

  test('has a rule for every folder but the composition root', () => {
    const folders = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ parentPath, name }) => relative(ROOT, join(parentPath, name)))
    const ruled = REFUSED.map(([file]) => dirname(file))
    expect(
      folders.filter((folder) => !ruled.some((other) => folder === other || folder.startsWith(`${other}/`))),
    ).toEqual(['src/server'])
  })

  test('no folder has more than ten files', () => {
    const files = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true }).filter(
      ({ name }) => name.endsWith('.ts') && !name.endsWith('.generated.ts'),
    )
    const folders = files.map(({ parentPath }) => relative(ROOT, parentPath))
    const most = new Set(folders.filter((folder) => folders.filter((other) => other === folder).length > 10))
    expect([...most]).toEqual([])
  })
})
