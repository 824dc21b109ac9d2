import { destination, pino, type Logger } from 'pino'
import { DatabaseError } from '../../core/error.ts'

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

export type Log = Logger

/** A log of JSON lines on stderr, written synchronously, so that no line is lost when the process ends. */
export function openLog(level: LogLevel): Log {
  return pino(
    { level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    destination({ fd: 2, sync: true }),
  )
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
