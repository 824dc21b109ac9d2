import { client } from '../client.ts'
import { go, route } from '../state/location.ts'
import { attempt, notify } from '../state/notices.ts'
import { parentOf } from '../state/route.ts'
import { overlay, question } from './overlay.tsx'

/** Asks before a collection is deleted with all that lies in it, and offers the way back. */
export function askDelete(path: string): void {
  question.value = {
    title: `Delete the collection ${path}`,
    text: 'All of its documents are deleted, with everything below them. Their versions are kept, and it can be undone.',
    word: path,
    button: 'Delete',
    run: async () => {
      const commit = await attempt(client.value.delete(path))
      if (commit === null) return
      const undo = (): void => void attempt(client.value.revert({ commit: commit.id }))
      notify('done', `${path} is deleted.`, { label: 'Undo', run: undo })
      leave(path)
    },
  }
  overlay.value = 'question'
}

/** Asks before a document or a collection is purged: nothing brings it back. */
export function askPurge(path: string): void {
  question.value = {
    title: `Purge ${path}`,
    text: 'The content of all versions is erased, with everything below it, also on disk. Nothing brings it back.',
    word: path,
    button: 'Purge',
    run: async () => {
      if ((await attempt(client.value.purge(path))) === null) return
      notify('done', `${path} is purged.`)
      leave(path)
    },
  }
  overlay.value = 'question'
}

/** Goes up from a place that is not there any more, or lies below one. */
function leave(path: string): void {
  const { path: shown } = route.peek()
  if (shown === path || shown.startsWith(`${path}/`)) go({ page: 'data', path: parentOf(path) })
}
