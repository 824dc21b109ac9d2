import { useSignal } from '@preact/signals'
import type { RefObject } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import type { Client } from '../../src/client/connect.ts'
import { connectHere } from '../console/client.ts'
import type { FromFrame } from '../repl-frame/messages.ts'
import { FrameHost } from './frame-host.ts'
import { recordedBy } from './recorder.ts'
import type { ReplSession } from './session.ts'

/** The frame in which code runs. */
export interface CodeFrame {
  readonly frame: RefObject<HTMLIFrameElement | null>
  /** Changes when the frame is to be made anew. */
  readonly version: number
  /** Ends all that runs, also what never ends by itself; what was declared is gone. */
  readonly reset: () => void
}

/** Connects a session with its frame: what comes from any other window is not looked at. */
export function useFrame(session: ReplSession): CodeFrame {
  const frame = useRef<HTMLIFrameElement>(null)
  const version = useSignal(0)
  // Before the frame can be ready, and before the next program is run.
  useLayoutEffect(() => {
    // The frame has an origin of its own, which has no name.
    const post = (message: unknown): void => frame.current?.contentWindow?.postMessage(message, '*')
    const open = (record: Parameters<typeof recordedBy>[0]): Client => connectHere(recordedBy(record))
    const host = new FrameHost({ connect: open, post, show: (call) => session.show(call) })
    const receive = ({ source, data }: MessageEvent<FromFrame>): void => {
      if (source === null || source !== frame.current?.contentWindow) return
      if (data.kind === 'ready') return session.attach(post)
      session.receive(data)
      host.receive(data)
    }
    addEventListener('message', receive)
    return () => {
      removeEventListener('message', receive)
      session.attach(null)
      host.close()
    }
  }, [version.value])
  return { frame, version: version.value, reset: () => void version.value++ }
}
