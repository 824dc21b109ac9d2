import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'vitest'
import { ROOT } from './markdown.ts'

/** The lines that a program prints in a process of its own, as one that a reader has typed. It must not complain. */
export async function printedBy(file: string): Promise<string> {
  const loader = pathToFileURL(join(ROOT, 'node_modules/tsx/dist/loader.mjs')).href
  const child = spawn(process.execPath, ['--import', loader, file], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [output, problems] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (problems += text))
  await once(child, 'close')
  expect(problems).toBe('')
  return output
}
