import { utf8Length } from '../../core/path.ts'
import { FAULT, spend, type Outcome, type Scope, type Value } from './evaluation.ts'
import { find } from './search.ts'

/** A method of a string; arguments that it does not take are undefined. */
export type TextMethod = (scope: Scope, text: string, args: readonly Value[]) => Outcome

/** The methods of strings by name and number of arguments. Each takes steps for what it costs. */
export const TEXT_METHODS: Readonly<Record<string, TextMethod>> = {
  'startsWith/1': ofPart((scope, text, part) => {
    spend(scope, part.length >> 5)
    return text.startsWith(part)
  }),
  'endsWith/1': ofPart((scope, text, part) => {
    spend(scope, part.length >> 5)
    return text.endsWith(part)
  }),
  'contains/1': ofPart((scope, text, part) => find(scope, text, part) >= 0),
  'indexOf/1': ofPart(find),
  'lowerAscii/0': (scope, text) => {
    spend(scope, caseSteps(text))
    return text.toLowerCase()
  },
  'upperAscii/0': (scope, text) => {
    spend(scope, caseSteps(text))
    return text.toUpperCase()
  },
  'trim/0': (scope, text) => {
    spend(scope, METHOD_STEPS + (text.length >> 4))
    return text.trim()
  },
  'substring/1': (scope, text, [start]) => substring(scope, text, start, text.length),
  'substring/2': (scope, text, [start, end]) => substring(scope, text, start, end),
}

const METHOD_STEPS = 4

function ofPart(run: (scope: Scope, text: string, part: string) => Value): TextMethod {
  return (scope, text, [part]) => (typeof part === 'string' ? run(scope, text, part) : FAULT)
}

/** Texts beyond ASCII go through tables, and some of their characters become several. */
function caseSteps(text: string): number {
  return METHOD_STEPS + (utf8Length(text) === text.length ? text.length >> 4 : text.length >> 1)
}

function substring(scope: Scope, text: string, start: Value | undefined, end: Value | undefined): Outcome {
  spend(scope, METHOD_STEPS)
  if (!isPosition(start) || !isPosition(end) || start < 0 || start > text.length || end < start || end > text.length) return FAULT
  return text.substring(start, end)
}

function isPosition(value: Value | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value)
}
