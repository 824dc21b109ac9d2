import { styleText } from 'node:util'
import type { Json } from '../../core/json/json.ts'

type Style = Parameters<typeof styleText>[0]

/** Puts a text in a style, or leaves it as it is where there are no colours. */
export type Paint = (style: Style, text: string) => string

type Variables = Readonly<Record<string, string | undefined>>

/** Whether a stream is to be coloured (https://no-color.org, https://force-color.org). */
export function isColoured(stream: { readonly isTTY?: boolean }, env: Variables): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false'
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}

/** A paint of colours, or of none. */
export function paintOf(coloured: boolean): Paint {
  return coloured ? (style, text) => styleText(style, text, { validateStream: false }) : (_, text) => text
}

/** Control characters, which would command a terminal, and marks that change the direction of a text. */
const CONTROL = /(?![\t\n])\p{Cc}|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** A text of somebody else's for a terminal: what would command it is shown as an escape. */
export function shown(text: string): string {
  return text.replace(CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** A value as it stands in a line. */
export function shownJson(value: Json): string {
  return shown(JSON.stringify(value))
}

/** A string with its colon behind it is a key. */
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/** A value over several lines, in colours. */
export function paintedJson(value: Json, paint: Paint): string {
  const text = shown(JSON.stringify(value, null, 2))
  return text.replace(TOKEN, (token: string, string: string | undefined, colon: string | undefined) => {
    if (string === undefined) return paint('yellow', token)
    return colon === undefined ? paint('green', string) : paint('cyan', string) + colon
  })
}

/** A value for people: a text as it is, all else as JSON over several lines. */
export function valueText(value: Json, paint: Paint): string {
  return typeof value === 'string' ? shown(value) : paintedJson(value, paint)
}

/** A number with its unit, as people write it: `1 page`, `1,234 pages`. */
export function counted(count: number, unit: string): string {
  return `${count.toLocaleString('en')} ${unit}${count === 1 ? '' : 's'}`
}
