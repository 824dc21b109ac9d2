import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { json } from '@codemirror/lang-json'
import { bracketMatching, foldGutter, foldKeymap, syntaxHighlighting } from '@codemirror/language'
import { MergeView } from '@codemirror/merge'
import { EditorState, type Extension } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view'
import { editorTheme, jsonColours } from './editor-theme.ts'

interface EditorOptions {
  readonly text: string
  readonly label: string
  /** At each change. */
  readonly change: (text: string) => void
  readonly save: () => void
  readonly leave: () => void
}

/** An editor in its place. */
export interface MountedEditor {
  set(text: string): void
  focus(): void
  destroy(): void
}

/**
 * An editor of JSON inside of a shadow root, whose style sheets are adopted: so it needs no inline style, which the
 * policy of the page forbids.
 */
export function mountEditor(host: HTMLElement, options: EditorOptions): MountedEditor {
  const root = rootOf(host)
  const state = EditorState.create({ doc: options.text, extensions: extensionsOf(options) })
  const view = new EditorView({ state, parent: root, root })
  return {
    set: (text) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } }),
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  }
}

/** What somebody else wrote, beside what is written here, which is edited; differences are marked. */
export function mountMerge(host: HTMLElement, options: EditorOptions & { readonly theirs: string }): MountedEditor {
  const root = rootOf(host)
  const theirs = [...look(`${options.label}, theirs`), EditorState.readOnly.of(true), EditorView.editable.of(false)]
  const view = new MergeView({
    a: { doc: options.theirs, extensions: [...theirs, EditorView.contentAttributes.of({ tabindex: '0' })] },
    b: { doc: options.text, extensions: extensionsOf(options) },
    parent: root,
    root,
    gutter: false,
    revertControls: 'a-to-b',
    renderRevertControl: () => {
      const button = document.createElement('button')
      button.textContent = '→'
      button.title = 'Take theirs'
      button.setAttribute('aria-label', 'Take theirs')
      return button
    },
  })
  return {
    set: (text) => view.b.dispatch({ changes: { from: 0, to: view.b.state.doc.length, insert: text } }),
    focus: () => view.b.focus(),
    destroy: () => view.destroy(),
  }
}

function rootOf(host: HTMLElement): ShadowRoot {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' })
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(':host { display: block; min-height: 0; overflow: auto } .cm-mergeView { height: 100% }')
  root.adoptedStyleSheets = [sheet]
  return root
}

function look(label: string): readonly Extension[] {
  return [
    json(),
    lineNumbers(),
    syntaxHighlighting(jsonColours),
    editorTheme,
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ 'aria-label': label }),
  ]
}

function extensionsOf({ label, change, save, leave }: EditorOptions): Extension[] {
  const done = (run: () => void) => (): boolean => {
    run()
    return true
  }
  return [
    ...look(label),
    history(),
    drawSelection(),
    foldGutter(),
    bracketMatching(),
    highlightActiveLine(),
    keymap.of([
      { key: 'Mod-Enter', run: done(save) },
      { key: 'Mod-s', run: done(save) },
      { key: 'Escape', run: done(leave) },
      ...defaultKeymap,
      ...historyKeymap,
      ...foldKeymap,
      indentWithTab,
    ]),
    EditorView.domEventHandlers({ beforeinput: typeOverSelection }),
    EditorView.updateListener.of(({ docChanged, state }) => docChanged && change(state.doc.toString())),
  ]
}

/**
 * Writes a text in the place of a selection. Chromium would keep the look of what it replaces by an inline style, which
 * the policy of the page forbids.
 */
function typeOverSelection(event: InputEvent, view: EditorView): boolean {
  const { inputType, data, isComposing } = event
  if (inputType !== 'insertText' || data === null || isComposing || view.state.selection.main.empty) return false
  event.preventDefault()
  view.dispatch(view.state.replaceSelection(data), { userEvent: 'input.type', scrollIntoView: true })
  return true
}
