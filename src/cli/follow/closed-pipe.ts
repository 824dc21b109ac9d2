import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { CommandExit } from '../run/failure.ts'
import type { Invocation } from '../run/invocation.ts'

/** The part in use of Node's handle of a TCP socket, which takes any descriptor that can be polled. */
interface PollHandle {
  /** Takes over a descriptor; not 0: it could not. */
  open(file: number): number
}

interface TcpBinding {
  readonly TCP: new (kind: number) => PollHandle
  readonly constants: { readonly SOCKET: number }
}

/** Ends a command that follows with 0 when nobody reads its output any more; the result stops looking. */
export function endWithReader({ fail }: Pick<Invocation, 'fail'>): () => void {
  return watchPipe(process.stdout.fd, () => fail(new CommandExit(0)))
}

/**
 * Calls `onClosed` when the reader of a pipe is gone, also while nothing is written; the result stops looking. A write
 * tells it too, but a command that follows may wait for hours for the next one. Node's pipes are not polled while they
 * are only written to, its TCP handle is: so it gets a descriptor of its own for the same pipe. On other systems than
 * Linux, or where Node has no such handle any more, only writes tell it.
 */
function watchPipe(file: number, onClosed: () => void): () => void {
  if (process.platform !== 'linux' || !fstatSync(file).isFIFO()) return () => {}
  const handle = pollHandleOf(file)
  if (handle === null) return () => {}
  const socket = new Socket({ handle, readable: true, writable: false } as ConstructorParameters<typeof Socket>[0])
  // Reading from an end for writing gives nothing, until the kernel reports the error.
  socket.on('error', () => {}).once('close', onClosed)
  socket.resume().unref()
  return () => socket.off('close', onClosed).destroy()
}

function pollHandleOf(file: number): PollHandle | null {
  let own = null
  try {
    const { binding } = process as unknown as { readonly binding: (name: string) => TcpBinding }
    const { TCP, constants: kinds } = binding('tcp_wrap')
    // Opened anew: not blocking must stay the choice of this one.
    own = openSync(`/proc/self/fd/${file}`, constants.O_WRONLY)
    const handle = new TCP(kinds.SOCKET)
    if (handle.open(own) === 0) return handle
  } catch {
    // No such handle, or no /proc.
  }
  if (own !== null) closeSync(own)
  return null
}
