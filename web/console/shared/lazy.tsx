import { useSignal } from '@preact/signals'
import { createElement, type ComponentType, type JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { tellMissingPart } from '../state/notices.ts'

type Load = () => Promise<unknown>

/** The parts that `lazy` knows; those of a part come when it is loaded. */
const parts: Load[] = []

/** Loads all parts, and `more`, one after another, so that their first use waits for nothing, not even for a server. */
export async function loadAhead(more: readonly Load[]): Promise<void> {
  parts.push(...more)
  // What is not there is told of where it is used.
  for (const load of parts) await load().catch(() => {})
}

/** A component whose code is loaded when it is first shown; until then, `before` is shown. Default: nothing. */
export function lazy<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  before: () => JSX.Element | null = () => null,
): (props: Props) => JSX.Element | null {
  let loaded: ComponentType<Props> | null = null
  parts.push(load)
  return (props) => {
    const shown = useSignal(loaded)
    useEffect(() => {
      if (shown.value !== null) return
      load().then((component) => (shown.value = loaded = component), tellMissingPart)
    }, [])
    return shown.value === null ? before() : createElement(shown.value, props)
  }
}
