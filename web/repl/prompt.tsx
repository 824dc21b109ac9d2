import { useSignal, type Signal } from '@preact/signals'
import type { JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { pathsAfter } from '../../src/client/repl/path-completion.ts'
import { client } from '../console/client.ts'
import { commonStart, isComplete, methodsAfter, typedWord } from './completion.ts'
import { remember, remembered } from './past-programs.ts'

/** Paths that are shown to choose from, and the time after which they are of no use, ms. */
const [MOST_WORDS, ANSWER_MS] = [50, 1_500]
/** Lines of the field, before it scrolls. */
const MOST_LINES = 12

/** Where programs are written. */
export function Prompt({ run }: { readonly run: (code: string) => void }): JSX.Element {
  const input = useRef<HTMLTextAreaElement>(null)
  const words = useSignal<readonly string[]>([])
  const place = useSignal(0)
  // Before the next key.
  useLayoutEffect(() => input.current?.focus(), [])
  const submit = (): void => {
    const { current: field } = input
    const code = field?.value.trim() ?? ''
    if (field === null || code === '') return
    remember(localStorage, code)
    place.value = 0
    words.value = []
    write(field, '')
    run(code)
  }
  return (
    <div class="repl-prompt">
      {words.value.length > 0 && (
        <p class="repl-words mono quiet" role="status">
          {words.value.join('  ')}
        </p>
      )}
      <div class="repl-input">
        <span class="mono" aria-hidden="true">
          ›
        </span>
        <textarea
          ref={input}
          class="mono"
          rows={1}
          aria-label="Program"
          spellcheck={false}
          autocapitalize="off"
          onInput={({ currentTarget }) => {
            words.value = []
            fit(currentTarget)
          }}
          onKeyDown={(event) => {
            const work = workOf(event, { words, place, submit })
            if (work === null || event.isComposing) return
            event.preventDefault()
            work()
          }}
        />
        <button class="primary" onClick={submit}>
          Run
        </button>
      </div>
    </div>
  )
}

interface PromptParts {
  /** Shown to choose from. */
  readonly words: Signal<readonly string[]>
  /** Steps back in what was run. */
  readonly place: Signal<number>
  readonly submit: () => void
}

/** What a key does in the field; null: what it does in any other one. */
function workOf(
  { key, shiftKey, currentTarget: field }: KeyboardEvent & { readonly currentTarget: HTMLTextAreaElement },
  { words, place, submit }: PromptParts,
): (() => void) | null {
  const { value, selectionStart, selectionEnd } = field
  if (key === 'Tab' && !shiftKey) {
    return typedWord(value.slice(0, selectionStart)) === null ? null : () => void complete(field, words)
  }
  if (key === 'Enter' && !shiftKey && isComplete(value)) return submit
  if (key === 'ArrowUp' && !value.slice(0, selectionStart).includes('\n')) return () => recall(field, place, 1)
  if (key === 'ArrowDown' && !value.slice(selectionEnd).includes('\n')) return () => recall(field, place, -1)
  return null
}

function recall(field: HTMLTextAreaElement, place: Signal<number>, by: 1 | -1): void {
  const past = remembered(localStorage)
  place.value = Math.min(Math.max(place.value + by, 0), past.length)
  write(field, place.value === 0 ? '' : (past.at(-place.value) ?? ''))
}

/** Goes on with the word in front of the cursor as far as all that fit agree, and shows these when there are several. */
async function complete(field: HTMLTextAreaElement, words: Signal<readonly string[]>): Promise<void> {
  const { value: text, selectionStart: cursor } = field
  const typed = typedWord(text.slice(0, cursor))
  if (typed === null) return
  const found = typed.kind === 'method' ? methodsAfter(typed.word) : await pathsWith(typed.word)
  const isSame = field.value === text && field.selectionStart === cursor
  if (!isSame) return
  words.value = found.length > 1 ? found : []
  const more = commonStart(found).slice(typed.word.length)
  write(field, text.slice(0, cursor) + more + text.slice(cursor), cursor + more.length)
}

async function pathsWith(word: string): Promise<readonly string[]> {
  const options = { first: MOST_WORDS, signal: AbortSignal.timeout(ANSWER_MS) }
  const paths = await pathsAfter(client.peek(), word, options).catch(() => [])
  return paths.filter((path) => path.startsWith(word))
}

function write(field: HTMLTextAreaElement, text: string, cursor = text.length): void {
  field.value = text
  field.setSelectionRange(cursor, cursor)
  fit(field)
}

/** Grows a field with its lines. */
function fit(field: HTMLTextAreaElement): void {
  field.rows = Math.min(field.value.split('\n').length, MOST_LINES)
}
