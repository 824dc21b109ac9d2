import { useSignal } from '@preact/signals'
import { createElement, type ComponentType, type JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { tellMissingPart } from '../state/notices.ts'

/** A component whose code is loaded when it is first shown; until then, `before` is shown. Default: nothing. */
export function lazy<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  before: () => JSX.Element | null = () => null,
): (props: Props) => JSX.Element | null {
  let loaded: ComponentType<Props> | null = null
  return (props) => {
    const shown = useSignal(loaded)
    useEffect(() => {
      if (shown.value !== null) return
      load().then((component) => (shown.value = loaded = component), tellMissingPart)
    }, [])
    return shown.value === null ? before() : createElement(shown.value, props)
  }
}
