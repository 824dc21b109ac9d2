import { isObject, type Json } from '../../core/json/json.ts'

/** The values that were seen in one place, by kind. */
export interface Sample {
  count: number
  /** Number of values of each kind that has no parts. */
  readonly plain: Map<'number' | 'boolean' | 'null', number>
  /** Texts with how often each was seen; null: they are too many to be named. */
  texts: Map<string, number> | null
  textCount: number
  objectCount: number
  readonly fields: Map<string, Sample>
  elements: Sample | null
}

/** Texts that become a union, and how many of them must have been seen. */
const MOST_TEXTS = 8
const LEAST_SEEN = 50
const LONGEST_TEXT = 40
/** Keys of an object that is a dictionary. */
const MOST_KEYS = 64

/** The sample of a place of which nothing was seen. */
export function emptySample(): Sample {
  return {
    count: 0,
    plain: new Map(),
    texts: new Map(),
    textCount: 0,
    objectCount: 0,
    fields: new Map(),
    elements: null,
  }
}

/** Adds a value to a sample. */
export function addSample(sample: Sample, value: Json): void {
  sample.count++
  if (typeof value === 'string') return addText(sample, value)
  if (isObject(value)) {
    sample.objectCount++
    for (const [key, field] of Object.entries(value)) addSample(fieldOf(sample, key), field)
    return
  }
  if (Array.isArray(value)) {
    sample.elements ??= emptySample()
    for (const element of value as readonly Json[]) addSample(sample.elements, element)
    return
  }
  const kind = value === null ? 'null' : (typeof value as 'number' | 'boolean')
  sample.plain.set(kind, (sample.plain.get(kind) ?? 0) + 1)
}

function addText(sample: Sample, text: string): void {
  sample.textCount++
  sample.texts?.set(text, 1)
  if (text.length > LONGEST_TEXT || (sample.texts?.size ?? 0) > MOST_TEXTS) sample.texts = null
}

/** All fields of a dictionary are one place. */
function fieldOf(sample: Sample, key: string): Sample {
  const name = sample.fields.size > MOST_KEYS && !sample.fields.has(key) ? OTHER : key
  const field = sample.fields.get(name) ?? emptySample()
  sample.fields.set(name, field)
  return field
}

/** Stands for the keys beyond the first of a dictionary; no key of a value has this character. */
const OTHER = '\u0000'

/** The type of what was seen, in TypeScript; `indent`: of the line in which it stands. */
export function typeText(sample: Sample, indent: string): string {
  const parts = [...textTypes(sample)]
  for (const kind of ['number', 'boolean'] as const) if (sample.plain.has(kind)) parts.push(kind)
  if (sample.objectCount > 0) parts.push(objectType(sample, indent))
  if (sample.elements !== null) parts.push(arrayType(sample.elements, indent))
  if (sample.plain.has('null')) parts.push('null')
  return parts.length === 0 ? 'unknown' : parts.join(' | ')
}

function textTypes({ texts, textCount }: Sample): readonly string[] {
  if (textCount === 0) return []
  if (texts === null || textCount < LEAST_SEEN) return ['string']
  return [...texts.keys()].toSorted().map((text) => JSON.stringify(text))
}

function arrayType(elements: Sample, indent: string): string {
  const type = typeText(elements, indent)
  return type.includes(' | ') || type.includes('\n') ? `Array<${type}>` : `${type}[]`
}

function objectType({ fields, objectCount }: Sample, indent: string): string {
  if (fields.size > MOST_KEYS) return `Record<string, ${typeText(merged([...fields.values()]), indent)}>`
  if (fields.size === 0) return 'Record<string, never>'
  const inner = `${indent}  `
  const lines = [...fields]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => {
      const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)
      return `${inner}${key}${field.count < objectCount ? '?' : ''}: ${typeText(field, inner)}\n`
    })
  return `{\n${lines.join('')}${indent}}`
}

/** One sample of several places. */
function merged(samples: readonly Sample[]): Sample {
  const sum = emptySample()
  sum.texts = null
  for (const { count, plain, textCount, objectCount, fields, elements } of samples) {
    sum.count += count
    sum.textCount += textCount
    sum.objectCount += objectCount
    for (const [kind, number] of plain) sum.plain.set(kind, (sum.plain.get(kind) ?? 0) + number)
    for (const [name, field] of fields) {
      const known = sum.fields.get(name)
      sum.fields.set(name, known === undefined ? field : merged([known, field]))
    }
    if (elements !== null) sum.elements = sum.elements === null ? elements : merged([sum.elements, elements])
  }
  return sum
}
