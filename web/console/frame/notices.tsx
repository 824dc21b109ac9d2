import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { dismissNotice, NOTICE_MS, notices, type Notice } from '../state/notices.ts'
import { Icon } from '../shared/icon.tsx'

/** Sentences that come and go. */
export function Notices(): JSX.Element {
  return (
    <div class="notices" role="status">
      {notices.value.map((notice) => (
        <NoticeLine key={notice.id} notice={notice} />
      ))}
    </div>
  )
}

function NoticeLine({ notice: { id, kind, text, action } }: { readonly notice: Notice }): JSX.Element {
  useEffect(() => {
    const timer = setTimeout(dismissNotice, NOTICE_MS, id)
    return () => clearTimeout(timer)
  }, [])
  const act = (): void => {
    dismissNotice(id)
    action?.run()
  }
  return (
    <p class={`notice ${kind}`}>
      <span>{text}</span>
      {action !== null && <button onClick={act}>{action.label}</button>}
      <button class="bare" aria-label="Dismiss" onClick={() => dismissNotice(id)}>
        <Icon name="close" />
      </button>
    </p>
  )
}
