/** Differences between kinds of servers, each with its reason in `QUIRKS`. */
export interface Quirks {
  /** Most documents in one command that updates. */
  readonly maxUpdates: number
  /** Whether a query of some `_id`s, or of a range of them, reads only these, and not the whole collection. */
  readonly seeksRanges: boolean
  /** Whether it finds rows by one element of an array that meets several conditions (`$elemMatch`). */
  readonly matchesElements: boolean
}

type ServerKind = 'mongodb' | 'ferretdb1'

const QUIRKS: Readonly<Record<ServerKind, Quirks>> = {
  // 500 heads of 4 KiB are 2 MiB, far below the 48 MB of a message.
  mongodb: { maxUpdates: 500, seeksRanges: true, matchesElements: true },
  // It occupies one of its hundred SQLite connections for each update of a command until the last one is done: with a
  // hundred updates it deadlocks. It uses an index for a filter of one `_id` alone, and
  // `$elemMatch` finds no documents in an array.
  ferretdb1: { maxUpdates: 32, seeksRanges: false, matchesElements: false },
}

/** The quirks of the server that answers `buildInfo` so; FerretDB 2 has no such field, and is like MongoDB. */
export function quirksOf(buildInfo: Readonly<Record<string, unknown>>): Quirks {
  return QUIRKS['ferretdbVersion' in buildInfo ? 'ferretdb1' : 'mongodb']
}
