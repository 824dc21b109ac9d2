import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { ROOT } from '../../repo/markdown.ts'
import type { ShellResult } from './command.ts'

/** A line of shell, and what it prints: `!` is stderr, `?` an exit code other than 0. */
interface Entry {
  readonly line: string
  readonly shown: string
}

/** A file of lines that begin with `$`, each followed by what it prints. */
export interface Transcript {
  readonly entries: readonly Entry[]
  /** Compares, or writes the file anew with TIDEMARK_TRANSCRIPTS=write. */
  finish(printed: readonly string[]): { readonly expected: string; readonly found: string }
}

/** Opens test/cli/transcripts/<name>.txt. */
export function openTranscript(name: string): Transcript {
  const path = `${ROOT}test/cli/transcripts/${name}.txt`
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const entries = parsedTranscript(text)
  return {
    entries,
    finish: (printed) => {
      const found = entries.map(({ line }, i) => `$ ${line}\n${printed[i] ?? ''}`).join('')
      if (process.env['TIDEMARK_TRANSCRIPTS'] === 'write') writeFileSync(path, found)
      return { expected: process.env['TIDEMARK_TRANSCRIPTS'] === 'write' ? found : text, found }
    },
  }
}

/** The lines of a transcript, each with what it prints. */
export function parsedTranscript(text: string): readonly Entry[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const at = part.indexOf('\n')
      return { line: part.slice(0, at), shown: part.slice(at + 1) }
    })
}

/** What a line printed, as a transcript has it. */
export function transcribed({ code, stdout, stderr }: ShellResult): string {
  const errors = stderr.replaceAll(/^(?=.)/gm, '! ')
  return normal(stdout) + normal(errors) + (code === 0 ? '' : `? ${code}\n`)
}

/** What differs from run to run, by kind. */
export function normal(text: string): string {
  const known = text
    .replaceAll(/\b[0-9a-f]{24}-\d+\b/g, '<key>')
    .replaceAll(/\b[0-9A-HJKMNP-TV-Z]{26}\b/g, '<id>')
    .replaceAll(/\b[0-9a-z]{16}-[0-9a-z]{1,11}-[0-9a-z]{1,7}\b/g, '<cursor>')
    .replaceAll(/\b\d{4}-\d\d-\d\d[T ][\d:.]+Z?/g, '<time>')
    .replaceAll(/(?<!\d)\d\d:\d\d:\d\d(?!\d)/g, '<clock>')
    .replaceAll(/(127\.0\.0\.1|localhost):\d{4,5}\b/g, 'localhost:4747')
    .replaceAll(/\/tmp\/[\w.-]+/g, '<home>')
  return known === '' || known.endsWith('\n') ? known : `${known}\n`
}
