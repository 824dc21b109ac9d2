import { CEL_ERROR, isList, isMap, charge, type Evaluator, type EvalResult, type Scope, type Value } from './evaluation.ts'
import { mapKeys } from './operators.ts'

/** A macro over a list, or over the keys of a map. */
export interface Loop {
  readonly over: Evaluator
  /** Where the variable lies among the scope's items. */
  readonly slot: number
  /** What is run for each item, and its number of nodes. */
  readonly body: Evaluator
  readonly steps: number
}

/** What a macro makes of the outcomes of its body: `next` gives the result as soon as it is known, `end` when all items have passed. */
type Macro = (loop: Loop) => Evaluator

/** The macros by name and number of arguments (https://github.com/google/cel-spec/blob/master/doc/langdef.md#macros). */
export const MACROS: Readonly<Record<string, Macro>> = {
  'exists/2': (loop) => quantified(loop, true),
  'all/2': (loop) => quantified(loop, false),
  'exists_one/2': (loop) => (scope) => {
    const kept = filtered(loop, scope)
    return kept === CEL_ERROR ? CEL_ERROR : kept.length === 1
  },
  'filter/2': (loop) => (scope) => filtered(loop, scope),
  'map/2': (loop) => (scope) => mapped(loop, scope),
}

/** Ends with the first item that decides; an error elsewhere counts only when none does. */
function quantified(loop: Loop, decisive: boolean): Evaluator {
  return (scope) => {
    const items = itemsOf(loop, scope)
    if (items === CEL_ERROR) return CEL_ERROR
    let outcome: EvalResult = !decisive
    for (const item of items) {
      const verdict = runBody(loop, scope, item)
      if (verdict === decisive) return decisive
      if (typeof verdict !== 'boolean') outcome = CEL_ERROR
    }
    return outcome
  }
}

function filtered(loop: Loop, scope: Scope): readonly Value[] | typeof CEL_ERROR {
  const items = itemsOf(loop, scope)
  if (items === CEL_ERROR) return CEL_ERROR
  const kept: Value[] = []
  for (const item of items) {
    const verdict = runBody(loop, scope, item)
    if (typeof verdict !== 'boolean') return CEL_ERROR
    if (verdict) kept.push(item)
  }
  return kept
}

function mapped(loop: Loop, scope: Scope): EvalResult {
  const items = itemsOf(loop, scope)
  if (items === CEL_ERROR) return CEL_ERROR
  const made: Value[] = []
  for (const item of items) {
    const outcome = runBody(loop, scope, item)
    if (outcome === CEL_ERROR) return CEL_ERROR
    made.push(outcome)
  }
  return made
}

function itemsOf({ over }: Loop, scope: Scope): readonly Value[] | typeof CEL_ERROR {
  const collection = over(scope)
  if (collection === CEL_ERROR) return CEL_ERROR
  if (isList(collection)) return collection
  return isMap(collection) ? mapKeys(scope, collection) : CEL_ERROR
}

function runBody({ body, slot, steps }: Loop, scope: Scope, item: Value): EvalResult {
  charge(scope, steps)
  scope.items[slot] = item
  return body(scope)
}
