/** GraphQL's message about a patch without `merge`; captures the field that stands in its place. */
const PATCH_MESSAGE = /(?:Field "(\w+)" is not defined by type )?"PatchInput!?"/

/** GraphQL's message about an operator in a literal. */
const OPERATOR_MESSAGE = /^Syntax Error: Expected Name, found "\$"/
/** GraphQL's message about an input of which exactly one field must be given. */
const ONE_OF_MESSAGE = /^OneOf Input Object "(AsOf|Expect|Op|RevertInput)" must specify exactly one key/
const ONE_OF_KEYS: Readonly<Record<string, string>> = {
  AsOf: 'time, cursor, version',
  Expect: 'version, absent, exists',
  Op: 'post, put, patch, delete',
  RevertInput: 'commit, actor',
}

/** GraphQL's message about a quoted key, as in JSON. */
const QUOTED_KEY_MESSAGE = /^Syntax Error: Expected Name, found String/
const AS_OF_LITERAL_MESSAGE = /^Expected value of type "AsOf", found "(.*)"\.$/s
const AS_OF_VARIABLE_MESSAGE = /^Variable "\$\w+" got an invalid value: Expected type "AsOf" to be an object\.$/
const DOCUMENT_BY_ID_MESSAGE = /^Unknown argument "id" on field "Query\.document"\./

/** GraphQL's message about a request, followed by a remedy for common mistakes. */
export function withAdvice(message: string): string {
  const advice = adviceOn(message)
  return advice === null ? message : `${message} ${advice}`
}

function adviceOn(message: string): string | null {
  const patch = PATCH_MESSAGE.exec(message)
  if (patch !== null) {
    const field = patch[1]?.slice(0, 100) ?? 'title'
    return `Write patch: { merge: { ${field}: … } }, { json: [ … ] } or { operators: $operators }.`
  }
  if (OPERATOR_MESSAGE.test(message)) {
    return 'No name begins with $: send operators as a variable ($operators: JSON).'
  }
  const oneOf = ONE_OF_MESSAGE.exec(message)?.[1]
  if (oneOf !== undefined) return `${oneOf} has one of: ${ONE_OF_KEYS[oneOf]}.`
  if (QUOTED_KEY_MESSAGE.test(message)) {
    return 'Inside a literal keys have no quotes; for JSON as it is send a variable ($value: JSON).'
  }
  if (DOCUMENT_BY_ID_MESSAGE.test(message)) return 'Write node(id: …) for an id, document(path: …) for a path.'
  const asOf = AS_OF_LITERAL_MESSAGE.exec(message)
  if (asOf === null && !AS_OF_VARIABLE_MESSAGE.test(message)) return null
  return asOf?.[1] === 'now'
    ? 'For now, leave asOf out.'
    : 'Write asOf: { time: "2026-01-31T12:00:00.000Z" }; for now, leave asOf out.'
}
