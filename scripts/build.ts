import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const tsc = join(root, 'node_modules/typescript/bin/tsc')

/**
 * Compiles src/ into dist/ and returns the written files. On errors prints the compiler's output and exits with code 1.
 */
function compile(): ReadonlySet<string> {
  const args = [tsc, '-p', 'tsconfig.build.json', '--listEmittedFiles', '--noEmitOnError']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) {
    console.error(`${stdout}${stderr}`.trim())
    process.exit(1)
  }
  return new Set([...stdout.matchAll(/^TSFILE: (.+)$/gm)].map(([, path = '']) => path.trim()))
}

/** Removes files of earlier builds, after compiling, so that a server that starts meanwhile never finds dist/ empty. */
function removeStale(emitted: ReadonlySet<string>): void {
  for (const entry of readdirSync(join(root, 'dist'), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && !emitted.has(path)) rmSync(path)
  }
}

removeStale(compile())
