import { cpus, release, totalmem } from 'node:os'

/** One line that describes the machine. */
export function machine(): string {
  const [first] = cpus()
  return (
    `${cpus().length} × ${first?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ` +
    `Linux ${release()}, Node ${process.version}`
  )
}
