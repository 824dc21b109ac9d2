import { writeSync } from 'node:fs'
import { destination, pino, type Logger } from 'pino'
import { DatabaseError } from '../../core/error.ts'

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

export type Log = Logger

/**
 * A log on stderr, written synchronously, so that no line is lost when the process ends. Of JSON lines (default), or of
 * text for people: `09:41:10  warn  message  name=value`.
 */
export function openLog(level: LogLevel, format: 'json' | 'text' = 'json'): Log {
  const options = { level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }
  if (format === 'json') return pino(options, destination({ fd: 2, sync: true }))
  return pino(options, { write: (line: string) => void writeSync(2, `${logText(line)}\n`) })
}

/** A line of the log as text. Control characters, which would command a terminal, are shown as escapes. */
function logText(line: string): string {
  const { level, time, pid: _, msg, ...fields } = JSON.parse(line) as Readonly<Record<string, unknown>>
  const clock = new Date(String(time)).toTimeString().slice(0, 8)
  const named = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  const text = [clock, pino.levels.labels[Number(level)] ?? '', String(msg), ...named].join('  ')
  return text.replace(/\p{Cc}/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/**
 * The parts of an error that may be logged: name, code, stack frames and cause. Messages are left out unless the
 * operating system wrote them, for they may quote a user's values.
 */
export function describeError(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { kind: typeof error }
  const frames = (error.stack ?? '')
    .split('\n')
    .filter((line) => line.startsWith('    at '))
    .map((line) => line.trim())
  const code = error instanceof DatabaseError || 'code' in error ? error.code : undefined
  const system = 'syscall' in error ? error.message : undefined
  const cause = error.cause === undefined ? undefined : describeError(error.cause)
  return { kind: error.name, code, system, frames, cause }
}
