import { spawnSync } from 'node:child_process'

/** Launcher of a process that is the first of its own PID namespace, as in a container: its id is 1. */
export const AS_FIRST_PROCESS: readonly string[] = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']

/** The same, but a shell is the first process and the process's id is another. */
export const AS_SECOND_PROCESS: readonly string[] = [...AS_FIRST_PROCESS, 'sh', '-c', '"$@"; exit $?', 'sh']

/** Launcher of a process for which /proc is empty. */
export const WITHOUT_PROC: readonly string[] = [
  'unshare',
  '--mount',
  'sh',
  '-c',
  'mount -t tmpfs none /proc && exec "$@"',
  'sh',
]

/** Launcher of a process for which the system has another boot id, as after a reboot. */
export const AFTER_REBOOT: readonly string[] = [
  'unshare',
  '--mount',
  'sh',
  '-c',
  'mount --bind /proc/sys/kernel/random/uuid /proc/sys/kernel/random/boot_id && exec "$@"',
  'sh',
]

/** Why no process can be run in namespaces of its own here, or null when it can. */
export const noNamespaces: string | null = namespacesFault()

function namespacesFault(): string | null {
  const [command, ...args] = [...AS_FIRST_PROCESS, 'true']
  const { status, stderr, error } = spawnSync(command ?? '', args, { encoding: 'utf8' })
  return status === 0 ? null : `this process may not make namespaces (${error?.message ?? stderr.trim()})`
}
