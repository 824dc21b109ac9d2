import { FAULT, isList, isMap, spend, type Code, type Outcome, type Scope, type Value } from './evaluation.ts'
import { keysOf } from './operators.ts'

/** A macro over a list, or over the keys of a map. */
export interface Loop {
  readonly over: Code
  /** Where the variable lies among the scope's items. */
  readonly slot: number
  /** What is run for each item, and its number of nodes. */
  readonly body: Code
  readonly steps: number
}

/** What a macro makes of the outcomes of its body: `next` gives the result as soon as it is known, `end` when all items have passed. */
type Macro = (loop: Loop) => Code

/** The macros by name and number of arguments (https://github.com/google/cel-spec/blob/master/doc/langdef.md#macros). */
export const MACROS: Readonly<Record<string, Macro>> = {
  'exists/2': (loop) => quantified(loop, true),
  'all/2': (loop) => quantified(loop, false),
  'exists_one/2': (loop) => (scope) => {
    const kept = filtered(loop, scope)
    return kept === FAULT ? FAULT : kept.length === 1
  },
  'filter/2': (loop) => (scope) => filtered(loop, scope),
  'map/2': (loop) => (scope) => mapped(loop, scope),
}

/** Ends with the first item that decides; an error elsewhere counts only when none does. */
function quantified(loop: Loop, decisive: boolean): Code {
  return (scope) => {
    const items = itemsOf(loop, scope)
    if (items === FAULT) return FAULT
    let outcome: Outcome = !decisive
    for (const item of items) {
      const verdict = runBody(loop, scope, item)
      if (verdict === decisive) return decisive
      if (typeof verdict !== 'boolean') outcome = FAULT
    }
    return outcome
  }
}

function filtered(loop: Loop, scope: Scope): readonly Value[] | typeof FAULT {
  const items = itemsOf(loop, scope)
  if (items === FAULT) return FAULT
  const kept: Value[] = []
  for (const item of items) {
    const verdict = runBody(loop, scope, item)
    if (typeof verdict !== 'boolean') return FAULT
    if (verdict) kept.push(item)
  }
  return kept
}

function mapped(loop: Loop, scope: Scope): Outcome {
  const items = itemsOf(loop, scope)
  if (items === FAULT) return FAULT
  const made: Value[] = []
  for (const item of items) {
    const outcome = runBody(loop, scope, item)
    if (outcome === FAULT) return FAULT
    made.push(outcome)
  }
  return made
}

function itemsOf({ over }: Loop, scope: Scope): readonly Value[] | typeof FAULT {
  const collection = over(scope)
  if (collection === FAULT) return FAULT
  if (isList(collection)) return collection
  return isMap(collection) ? keysOf(scope, collection) : FAULT
}

function runBody({ body, slot, steps }: Loop, scope: Scope, item: Value): Outcome {
  spend(scope, steps)
  scope.items[slot] = item
  return body(scope)
}
