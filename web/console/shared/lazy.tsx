import { useSignal } from '@preact/signals'
import { createElement, type ComponentType, type JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { notify } from '../state/notices.ts'

/** A component whose code is loaded when it is first shown; nothing is shown until then. */
export function lazy<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
): (props: Props) => JSX.Element | null {
  let loaded: ComponentType<Props> | null = null
  return (props) => {
    const shown = useSignal(loaded)
    useEffect(() => {
      if (shown.value !== null) return
      load().then(
        (component) => (shown.value = loaded = component),
        (error: Error) => notify('failed', error.message),
      )
    }, [])
    return shown.value === null ? null : createElement(shown.value, props)
  }
}
