import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { notify } from '../state/notices.ts'
import { Icon } from './icon.tsx'

/** A text with a button that copies it. */
export function CopyText({ name, text }: { readonly name: string; readonly text: string }): JSX.Element {
  const isCopied = useSignal(false)
  const copy = async (): Promise<void> => {
    isCopied.value = await copyText(text)
  }
  return (
    <div class="copy-text">
      <span class="quiet">{name}</span>
      <code>{text}</code>
      <button class="bare" aria-label={`Copy: ${name}`} onClick={() => void copy()}>
        <Icon name={isCopied.value ? 'check' : 'copy'} />
      </button>
    </div>
  )
}

/** Writes into the clipboard, and says so when the browser forbids it. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    notify('failed', 'The browser does not let this page write into the clipboard.')
    return false
  }
}
