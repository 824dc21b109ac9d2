/** The fields that an expression names, without `value.`; for saying where a text was searched. */
export function fieldsIn(expression: string): readonly string[] {
  const names = expression.matchAll(/\bvalue((?:\.\w+|\["[^"]*"\])*?)(?=\.(?:contains|exists)\(| == )/g)
  return [...new Set(['id', ...[...names].map(([, name = '']) => (name === '' ? 'value' : name.replace(/^\./, '')))])]
}
