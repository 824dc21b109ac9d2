/** What GraphQL says of a patch that does not say how it is applied, with the field that stands in the place of `merge`. */
const PATCH = /(?:Field "(\w+)" is not defined by type )?"PatchInput!?"/

/** GraphQL's words about a request, followed by what to write instead where the mistake is a common one. */
export function advised(message: string): string {
  const patch = PATCH.exec(message)
  return patch === null ? message : `${message} Write patch: { merge: { ${patch[1]?.slice(0, 100) ?? 'title'}: … } }.`
}
