import type { JSX } from 'preact'
import type { Json } from '../../../src/core/json/json.ts'
import { copyText } from '../shared/copy-text.tsx'
import { Icon } from '../shared/icon.tsx'
import { Menu } from '../shared/menu.tsx'
import { snippetsOf } from '../state/snippets.ts'
import { notify } from '../state/notices.ts'

/** Copies a document, its path, or the ways to read it elsewhere. */
export function CopyMenu({ path, value }: { readonly path: string; readonly value: Json }): JSX.Element {
  const copy = async (name: string, text: string): Promise<void> => {
    if (await copyText(text)) notify('done', `Copied: ${name}`)
  }
  return (
    <Menu label="Copy" head={<Icon name="copy" />}>
      {snippetsOf(path, { value, origin: location.origin }).map(({ name, text }) => (
        <button key={name} class="bare" onClick={() => void copy(name, text)}>
          {name}
        </button>
      ))}
    </Menu>
  )
}
