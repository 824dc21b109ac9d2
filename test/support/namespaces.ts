import { spawnSync } from 'node:child_process'

/** What a process is run with, so that it is the first of its own PID namespace, as in a container: its id is 1. */
export const AS_FIRST_PROCESS: readonly string[] = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']

/** The same, but a shell is the first process and the id is another. */
export const AS_SECOND_PROCESS: readonly string[] = [...AS_FIRST_PROCESS, 'sh', '-c', '"$@"; exit $?', 'sh']

/** What a process is run with, so that nothing is mounted on /proc for it. */
export const WITHOUT_PROC: readonly string[] = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs none /proc && exec "$@"', 'sh']

/** The same, so that the system has another boot id, as after a reboot. */
export const AFTER_REBOOT: readonly string[] = [
  'unshare', '--mount', 'sh', '-c', 'mount --bind /etc/hostname /proc/sys/kernel/random/boot_id && exec "$@"', 'sh',
]

/** Why no process can be run in namespaces of its own here, or null when it can. */
export const noNamespaces: string | null = namespacesFault()

function namespacesFault(): string | null {
  const [command, ...args] = [...AS_FIRST_PROCESS, 'true']
  const { status, stderr, error } = spawnSync(command ?? '', args, { encoding: 'utf8' })
  return status === 0 ? null : `this process may not make namespaces (${error?.message ?? stderr.trim()})`
}
