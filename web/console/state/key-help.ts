/** A line of the page of keys. */
export interface KeyHelp {
  readonly keys: readonly string[]
  readonly does: string
}

/** All keys, in the order in which they are shown. */
export const KEYS: readonly { readonly title: string; readonly keys: readonly KeyHelp[] }[] = [
  {
    title: 'Everywhere',
    keys: [
      { keys: ['Ctrl K', '⌘ K'], does: 'go to a path or a command' },
      { keys: ['1', '…', '6'], does: 'go to a page' },
      { keys: ['t'], does: 'look at another moment, or back to now' },
      { keys: ['u'], does: 'undo what is selected' },
      { keys: ['r'], does: 'bring back the shown version, in History' },
      { keys: ['?'], does: 'show these keys' },
      { keys: ['Ctrl Enter'], does: 'save, in the editor' },
      { keys: ['Esc'], does: 'close, or leave what is written' },
    ],
  },
  {
    title: 'In a list',
    keys: [
      { keys: ['j', 'k'], does: 'the next row, the one before' },
      { keys: ['Enter'], does: 'open the row' },
      { keys: ['e'], does: 'edit it' },
      { keys: ['h'], does: 'its history' },
      { keys: ['n'], does: 'a new document' },
      { keys: ['/'], does: 'filter: where' },
      { keys: ['g', 'G'], does: 'the first row, the last loaded one' },
    ],
  },
  {
    title: 'On a slider',
    keys: [
      { keys: ['←', '→'], does: 'one step' },
      { keys: ['Shift ←', 'Shift →'], does: 'ten steps' },
      { keys: ['Space'], does: 'play' },
    ],
  },
]
