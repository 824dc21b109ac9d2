import type { ComponentChildren, JSX } from 'preact'
import type { Json } from '../../../src/core/json/json.ts'

/** A text that was cut inside of a string ends in it: else each quote in it would be tried as a beginning. */
const TOKEN = /("(?:[^"\\]|\\.)*(?:"|\\?$))(\s*:)?|\b(true|false|null)\b|(-?\d[\d.eE+-]*)/g
const MOST_CHARACTERS = 200_000

/** A value as JSON in colours. What is very long is cut; the editor shows all of it. */
export function JsonView({ value }: { readonly value: Json }): JSX.Element {
  const text = JSON.stringify(value, null, 2)
  const isCut = text.length > MOST_CHARACTERS
  return (
    <>
      <pre class="json">{colours(isCut ? text.slice(0, MOST_CHARACTERS) : text)}</pre>
      {isCut && <p class="quiet">{text.length - MOST_CHARACTERS} more characters: edit it to see them.</p>}
    </>
  )
}

function colours(text: string): readonly ComponentChildren[] {
  const parts: ComponentChildren[] = []
  let at = 0
  for (const match of text.matchAll(TOKEN)) {
    const [all, string, colon, word] = match
    const kind = string === undefined ? (word === undefined ? 'n' : 'w') : colon === undefined ? 's' : 'k'
    parts.push(text.slice(at, match.index), <span class={kind}>{colon === undefined ? all : string}</span>, colon)
    at = match.index + all.length
  }
  return [...parts, text.slice(at)]
}
