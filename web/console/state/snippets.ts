import type { Json } from '../../../src/core/json/json.ts'

/** A text that does elsewhere what the console shows here. */
export interface Snippet {
  readonly name: string
  readonly text: string
}

/** What can be copied of a document. `origin`: of the server, as `http://localhost:4747`. */
export function snippetsOf(
  path: string,
  { value, origin }: { readonly value: Json; readonly origin: string },
): readonly Snippet[] {
  return [
    { name: 'JSON', text: JSON.stringify(value, null, 2) },
    { name: 'Path', text: path },
    {
      name: 'curl',
      text: curlOf(`query ($path: Path!) { document(path: $path) { version value } }`, { variables: { path }, origin }),
    },
    { name: 'Command', text: `tidemark get ${quoted(path)}` },
    { name: 'SDK', text: `await db.get(${JSON.stringify(path)})` },
  ]
}

/** Three ways to write the first document of a collection. */
export function firstWrites(collection: string, origin: string): readonly Snippet[] {
  const value = { title: 'Hello' }
  const query = `mutation ($path: Path!, $value: JSON!) { post(path: $path, value: $value) { document { path version } } }`
  return [
    { name: 'Command', text: `tidemark post ${quoted(collection)} ${quoted(JSON.stringify(value))}` },
    { name: 'SDK', text: `await db.post(${JSON.stringify(collection)}, { title: 'Hello' })` },
    { name: 'curl', text: curlOf(query, { variables: { path: collection, value }, origin }) },
  ]
}

/** A command line that sends an operation. */
export function curlOf(
  query: string,
  { variables, origin }: { readonly variables: object; readonly origin: string },
): string {
  const body = JSON.stringify({ query, variables })
  return `curl -sS ${origin}/graphql -H 'content-type: application/json' -d ${quoted(body)}`
}

/** A text as one word of a POSIX shell. */
function quoted(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll(`'`, `'\\''`)}'`
}
