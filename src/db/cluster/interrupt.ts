import type { InterruptMatch } from '../../core/database/options.ts'
import type { Json } from '../../core/json/json.ts'
import type { Limits } from '../../core/limits.ts'
import { overlaps, parsePatterns, type Pattern } from '../../core/pattern.ts'
import { equalJson } from '../../core/json/value.ts'
import type { SubscriptionRequest } from '../feed/authorize.ts'
import { parseFilter } from '../shape/shape.ts'

/** Selects running subscriptions. An undefined field matches all. */
export interface Interrupt {
  readonly patterns: readonly Pattern[]
  readonly where: string | undefined
  readonly params: Json | undefined
  readonly actor: string | undefined
}

/** Parses an interrupt. Throws BAD_REQUEST, INVALID_PATH, INVALID_VALUE or TOO_LARGE. */
export function parseInterrupt(match: InterruptMatch, limits: Limits): Interrupt {
  const { where, params } = parseFilter(match, limits)
  return { patterns: parsePatterns(match.paths, limits), where, params, actor: match.actor }
}

/** Whether the request of a subscription matches an interrupt. */
export function matchesInterrupt({ patterns, where, params, actor }: Interrupt, request: SubscriptionRequest): boolean {
  const { filter } = request
  if (actor !== undefined && request.actor !== actor) return false
  if (where !== undefined && filter.where !== where) return false
  if (params !== undefined && (filter.params === undefined || !equalJson(filter.params, params))) return false
  // Not parsed: the patterns of a subscription were checked when it was opened.
  return request.paths.some((path) => patterns.some((pattern) => overlaps(pattern, path.split('/'))))
}
