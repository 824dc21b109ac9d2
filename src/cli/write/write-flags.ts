import type { Client, RemoteWriteOptions } from '../../client/client.ts'
import type { WriteResult } from '../../core/database.ts'
import type { Expect, WriteOptions } from '../../core/database/options.ts'
import { countOf } from '../run/argument.ts'
import { commitText } from '../run/change-line.ts'
import { withClient } from '../run/client.ts'
import { badUsage } from '../run/failure.ts'
import type { Invocation } from '../run/invocation.ts'

/** Flags of a write. */
export interface WriteFlags {
  readonly ifVersion?: string | undefined
  readonly ifAbsent?: boolean | undefined
  readonly key?: string | undefined
}

type Options = WriteOptions & RemoteWriteOptions & { readonly expect?: Expect | undefined }

/** The expectation that the flags name. Throws BAD_REQUEST. */
function expectOf({ ifVersion, ifAbsent }: WriteFlags): Expect | undefined {
  if (ifVersion !== undefined && ifAbsent === true) {
    throw badUsage('--if-version and --if-absent exclude each other: give one of them.')
  }
  const version = countOf(ifVersion, '--if-version')
  if (version !== undefined) return { version }
  return ifAbsent === true ? { absent: true } : undefined
}

/** Does one write, and prints its commit. */
export async function writeOnce(
  given: Invocation<WriteFlags>,
  write: (db: Client, options: Options) => Promise<WriteResult>,
): Promise<void> {
  const { flags, output, signal } = given
  const options = { expect: expectOf(flags), key: flags.key, signal, optimistic: false }
  const commit = await withClient(given, (db) => write(db, options))
  await output.written(commit, () => commitText(commit, output.paint))
}
