import { utf8Length } from '../../../../core/path.ts'
import { CEL_ERROR, charge, type EvalResult, type Scope, type Value } from './evaluation.ts'
import { find } from './text-search.ts'

/** A method of a string; arguments that it does not take are undefined. */
export type TextMethod = (scope: Scope, text: string, args: readonly Value[]) => EvalResult

/** The methods of strings by name and number of arguments. Each takes steps for what it costs. */
export const TEXT_METHODS: Readonly<Record<string, TextMethod>> = {
  'startsWith/1': ofPart((scope, text, part) => {
    charge(scope, part.length >> 5)
    return text.startsWith(part)
  }),
  'endsWith/1': ofPart((scope, text, part) => {
    charge(scope, part.length >> 5)
    return text.endsWith(part)
  }),
  'contains/1': ofPart((scope, text, part) => find(scope, text, part) >= 0),
  'indexOf/1': ofPart(find),
  'lowerAscii/0': (scope, text) => {
    charge(scope, caseSteps(text))
    return text.toLowerCase()
  },
  'upperAscii/0': (scope, text) => {
    charge(scope, caseSteps(text))
    return text.toUpperCase()
  },
  'trim/0': (scope, text) => {
    charge(scope, METHOD_STEPS + (text.length >> 4))
    return text.trim()
  },
  'substring/1': (scope, text, [start]) => substring(scope, text, start, text.length),
  'substring/2': (scope, text, [start, end]) => substring(scope, text, start, end),
}

const METHOD_STEPS = 4

function ofPart(run: (scope: Scope, text: string, part: string) => Value): TextMethod {
  return (scope, text, [part]) => (typeof part === 'string' ? run(scope, text, part) : CEL_ERROR)
}

/** Texts beyond ASCII go through tables, and some of their characters become several. */
function caseSteps(text: string): number {
  return METHOD_STEPS + (utf8Length(text) === text.length ? text.length >> 4 : text.length >> 1)
}

function substring(scope: Scope, text: string, start: Value | undefined, end: Value | undefined): EvalResult {
  charge(scope, METHOD_STEPS)
  if (!isPosition(start) || !isPosition(end) || start < 0 || start > text.length || end < start || end > text.length) return CEL_ERROR
  return text.substring(start, end)
}

function isPosition(value: Value | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value)
}
