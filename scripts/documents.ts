import { parse, type ASTNode } from 'graphql'
import { plainOperations, plainTypes } from './operations.ts'

const PREAMBLE = `
import type { Json } from '../core/json/json.ts'
import type { OperationDocument } from './operation-document.ts'
`

/**
 * A module with the document of each operation of the SDK, as a tree that clients of GraphQL take without parsing it.
 * Selections that are the same are one constant.
 */
export function documentsModule(sdl: string): string {
  const selections = new Map<string, string>()
  const documents = plainOperations(sdl).map(({ constant, text, types }) => {
    const named = text.replace(/^\w+/, (kind) => `${kind} ${constant}`)
    const tree = literal(parse(named, { noLocation: true }), selections)
    return `export const ${constant}: OperationDocument<${types}> = ${tree} as never`
  })
  const shared = [...selections].map(([tree, name]) => `const ${name} = ${tree}`)
  return [PREAMBLE, ...plainTypes(sdl), ...shared, ...documents, ''].join('\n')
}

/** The text of a node; a selection is named, and its text noted behind those of the selections inside it. */
function literal(node: unknown, selections: Map<string, string>): string {
  if (Array.isArray(node)) return `[${node.map((item) => literal(item, selections)).join(', ')}]`
  if (typeof node !== 'object' || node === null) return JSON.stringify(node)
  const fields = Object.entries(node).filter(([, value]) => value !== undefined && !isEmpty(value))
  const text = `{ ${fields.map(([name, value]) => `${name}: ${literal(value, selections)}`).join(', ')} }`
  const { kind } = node as ASTNode
  if (kind !== 'SelectionSet') return text
  const name = selections.get(text) ?? `selection${selections.size + 1}`
  selections.set(text, name)
  return name
}

/** Lists that the grammar leaves out, such as that of no directives. */
function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}
