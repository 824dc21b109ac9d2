/** UTF-8 bytes of what a label names: with its kind and its random part it stays below the 128 of a key. */
const MOST_BYTES = 72
const RANDOM = /^(undo|restore):(.+):[0-9a-z]{20}$/su

/**
 * An idempotency key for a write of the console. It becomes the id of the commit, and says what the commit did, where
 * the log has no field for it. `of`: whose writes are undone, or which version comes back.
 */
export function labelledKey(kind: 'undo' | 'restore', of: string): string {
  const random = [...crypto.getRandomValues(new Uint8Array(20))].map((byte) => (byte % 36).toString(36)).join('')
  return `${kind}:${shortened(of)}:${random}`
}

/** What the id of a commit says that it did, such as `undo of bob`; null: it says nothing. */
export function commitLabel(id: string): string | null {
  const [, kind, of = ''] = RANDOM.exec(id) ?? []
  if (kind === undefined) return null
  return kind === 'undo' ? `undo of ${of}` : `restored from ${of}`
}

/** What an undo of a commit is an undo of: its actor, or another undo. */
export function undoneName(id: string, actor: string | null): string {
  const label = commitLabel(id)
  return label?.startsWith('undo') === true ? `the ${label}` : (actor ?? 'a commit')
}

function shortened(text: string): string {
  const encoder = new TextEncoder()
  let bytes = 0
  const kept = Array.from(text.replace(/[\p{Cc}\p{Cs}]/gu, ' ')).filter((letter) => {
    bytes += encoder.encode(letter).length
    return bytes <= MOST_BYTES
  })
  return kept.join('')
}
