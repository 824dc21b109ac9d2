import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A process that opens and closes data directories when it is told to. */
export interface Racer extends AsyncDisposable {
  /** Opens the directory; null when this process owns it now, else code and sentence of the refusal. */
  open(directory: string): Promise<string | null>
  close(): Promise<void>
  /** Ends the process with SIGKILL and waits until it is gone. */
  kill(): Promise<void>
}

const PROGRAM = fileURLToPath(new URL('races.ts', import.meta.url))

/** Starts one, with what `launcher` says before node. */
export async function startRacer(launcher: readonly string[]): Promise<Racer> {
  const [command, ...args] = [...launcher, process.execPath, '--import', 'tsx', PROGRAM] as const
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  await answerOf(child)
  const kill = (): Promise<void> => killed(child)
  return {
    open: (directory) => ask(child, directory),
    close: async () => void (await ask(child, null)),
    kill,
    [Symbol.asyncDispose]: kill,
  }
}

/** Opens the directory with all of them at the same moment. */
export async function openAtOnce(
  racers: readonly Racer[],
  directory: string,
): Promise<{ owners: readonly Racer[]; refusals: readonly string[] }> {
  const answers = await Promise.all(racers.map((racer) => racer.open(directory)))
  return { owners: racers.filter((_, i) => answers[i] === null), refusals: answers.filter((answer) => answer !== null) }
}

async function killed(child: ChildProcess): Promise<void> {
  if (!child.connected) return
  // The channel is closed when also the processes are gone that the child is the parent of.
  const gone = once(child, 'disconnect')
  child.kill('SIGKILL')
  await gone
}

function ask(child: ChildProcess, directory: string | null): Promise<string | null> {
  const answer = answerOf(child)
  child.send({ directory })
  return answer
}

async function answerOf(child: ChildProcess): Promise<string | null> {
  const [{ answer }] = (await once(child, 'message')) as [{ readonly answer: string | null }]
  return answer
}
