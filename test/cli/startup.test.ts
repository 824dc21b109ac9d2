import { onTestFinished, expect, test } from 'vitest'
import { runCli } from '../support/process-cli.ts'
import { serveMemory } from '../support/client/served.ts'

/** Prints on stderr which modules are loaded, and at the end which of Node's own. */
const HOOKS = `export async function load(url, context, next) { process._rawDebug(url); return next(url, context) }`
const WATCHING = `import { register } from 'node:module'
register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(HOOKS)}))
process.on('exit', () => process._rawDebug(process.moduleLoadList.join('\\n')))`

/** The modules that a command loads. */
async function loadedBy(args: readonly string[], env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const script = ['--import', `data:text/javascript,${encodeURIComponent(WATCHING)}`, 'bin/tidemark.js']
  const { code, stdout, stderr } = await runCli(args, { script, env }).exit()
  expect(code).toBe(0)
  expect(stdout).not.toBe('')
  return stderr.split('\n')
}

/** Modules of this package that a command loads: each costs it half a millisecond. */
const MOST_MODULES = 8

test('a command loads neither fetch, ws nor graphql: of packages, commander alone', async () => {
  const served = await serveMemory()
  onTestFinished(() => served.close())
  const env = { TIDEMARK_URL: served.url }
  for (const args of [
    ['put', 'posts/1', '{"a":1}'],
    ['get', 'posts/1'],
    ['history', 'posts/1'],
    ['log', 'posts'],
  ]) {
    const loaded = await loadedBy(args, env)
    const packages = loaded.map((name) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(name)?.[1])
    expect([args, ...new Set(packages.filter((name) => name !== undefined))]).toEqual([args, 'commander'])
    expect(loaded.filter((name) => name.includes('undici'))).toEqual([])
    const own = loaded.flatMap((name) => /\/dist\/(.*)/.exec(name)?.[1] ?? [])
    expect(own.slice(0, 2).toSorted()).toEqual(['cli/bundle/main.js', 'cli/bundle/shared.js'])
    expect(own.length).toBeLessThanOrEqual(MOST_MODULES)
    expect(own.filter((name) => /start|store|engine/.test(name))).toEqual([])
  }
})
