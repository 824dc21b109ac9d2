import type { ConnectionPage } from '../../../core/database.ts'

/** All nodes of a list, page by page. */
export async function allNodes<Node>(
  read: (after: string | undefined) => Promise<ConnectionPage<Node> | null>,
): Promise<readonly Node[]> {
  const nodes: Node[] = []
  for (let after: string | undefined; ;) {
    const page = await read(after)
    nodes.push(...(page?.edges ?? []).map(({ node }) => node))
    if (page?.hasNextPage !== true || page.endCursor === null) return nodes
    after = page.endCursor
  }
}
