import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { pathsAfter } from '../../src/client/repl/path-completion.ts'
import { client } from '../console/client.ts'
import { commonStart, isComplete, methodsAfter, typedWord, type TypedWord } from './completion.ts'
import { remembered, remember } from './past-programs.ts'

/** Paths that are shown to choose from, and the time after which they are of no use, ms. */
const [MOST_WORDS, ANSWER_MS] = [50, 1_500]

/** Where programs are written. */
export function Prompt({ run }: { readonly run: (code: string) => void }): JSX.Element {
  const input = useRef<HTMLTextAreaElement>(null)
  const words = useSignal<readonly string[]>([])
  const place = useSignal(0)
  useEffect(() => input.current?.focus(), [])
  const write = (text: string, cursor = text.length): void => {
    const { current: field } = input
    if (field === null) return
    field.value = text
    field.setSelectionRange(cursor, cursor)
    fit(field)
  }
  const submit = (): void => {
    const code = input.current?.value.trim() ?? ''
    if (code === '') return
    remember(localStorage, code)
    place.value = 0
    words.value = []
    write('')
    run(code)
  }
  const recall = (by: 1 | -1): void => {
    const past = remembered(localStorage)
    place.value = Math.min(Math.max(place.value + by, 0), past.length)
    write(past.at(-place.value) ?? '')
    if (place.value === 0) write('')
  }
  const complete = async (typed: TypedWord): Promise<void> => {
    const { value: text, selectionStart: cursor } = input.current as HTMLTextAreaElement
    const found = await wordsAfter(typed)
    const isSame = input.current?.value === text && input.current.selectionStart === cursor
    if (!isSame) return
    words.value = found.length > 1 ? found : []
    const more = commonStart(found).slice(typed.word.length)
    write(text.slice(0, cursor) + more + text.slice(cursor), cursor + more.length)
  }
  const press = (event: KeyboardEvent & { readonly currentTarget: HTMLTextAreaElement }): void => {
    const { value, selectionStart, selectionEnd } = event.currentTarget
    const typed = event.key === 'Tab' && !event.shiftKey ? typedWord(value.slice(0, selectionStart)) : null
    const isFirstLine = !value.slice(0, selectionStart).includes('\n')
    const isLastLine = !value.slice(selectionEnd).includes('\n')
    let work: (() => void) | null = null
    if (typed !== null) work = () => void complete(typed)
    else if (event.key === 'Enter' && !event.shiftKey && isComplete(value)) work = submit
    else if (event.key === 'ArrowUp' && isFirstLine) work = () => recall(1)
    else if (event.key === 'ArrowDown' && isLastLine) work = () => recall(-1)
    if (work === null || event.isComposing) return
    event.preventDefault()
    work()
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
          onKeyDown={press}
        />
        <button class="primary" onClick={submit}>
          Run
        </button>
      </div>
    </div>
  )
}

/** Grows a field with its lines. */
function fit(field: HTMLTextAreaElement): void {
  field.rows = Math.min(field.value.split('\n').length, 12)
}

async function wordsAfter({ kind, word }: TypedWord): Promise<readonly string[]> {
  if (kind === 'method') return methodsAfter(word)
  const options = { first: MOST_WORDS, signal: AbortSignal.timeout(ANSWER_MS) }
  const paths = await pathsAfter(client.peek(), word, options).catch(() => [])
  return paths.filter((path) => path.startsWith(word))
}
