import type { JSX } from 'preact'
import { askPurge } from '../frame/removal.ts'
import { Menu } from '../shared/menu.tsx'
import { go } from '../state/location.ts'

/** What is seldom done with a document. */
export function MoreMenu({ path }: { readonly path: string }): JSX.Element {
  return (
    <Menu label="More" head="⋯">
      <button class="bare" onClick={() => go({ page: 'changes', path })}>
        Its changes
      </button>
      <button class="bare" onClick={() => askPurge(path)}>
        Purge…
      </button>
    </Menu>
  )
}
