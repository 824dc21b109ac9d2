import type { IncomingMessage } from 'node:http'
import { badArgument } from '../../core/error.ts'
import { utf8Length } from '../../core/path.ts'

/** Header of an HTTP request that names its actor. */
export const ACTOR_HEADER = 'tidemark-actor'

/** Most UTF-8 bytes of an actor. */
const ACTOR_BYTES = 128

/** Actors that begin so are the server's own. */
const SYSTEM_PREFIX = 'sys:'

/** Separators other than the space, control and format characters, halves of surrogate pairs; a space at an end. */
const UNPRINTABLE = /[\p{Zl}\p{Zp}\p{Cc}\p{Cf}\p{Cs}]|(?! )\p{Zs}|^ | $/u

/** Short, for a close reason has little room. */
const REMEDY = `give 1 to ${ACTOR_BYTES} bytes of printable text`

/**
 * The actor that a request names in its header `Tidemark-Actor`; null without the header. The server believes it: there
 * are no identities yet. Throws BAD_REQUEST for a value that is not 1–128 bytes of printable text in UTF-8, for several
 * values, and for a name of the server's own.
 */
export function actorOfRequest(req: Pick<IncomingMessage, 'headers' | 'headersDistinct'>): string | null {
  if (req.headers[ACTOR_HEADER] === undefined) return null
  const [value = '', ...more] = req.headersDistinct[ACTOR_HEADER] ?? []
  const place = 'The header Tidemark-Actor'
  if (more.length > 0) throw badActor(place, 'it was sent more than once')
  return checkedActor(decodeHeader(value) ?? '\0', place)
}

/** As `actorOfRequest`, from the payload of a `connection_init`: its field `actor`. */
export function actorOfParams(params: Readonly<Record<string, unknown>> | undefined): string | null {
  const actor = params?.['actor'] ?? null
  const place = 'connectionParams.actor'
  if (actor === null) return null
  if (typeof actor !== 'string') throw badActor(place, 'it is not a string')
  return checkedActor(actor, place)
}

function checkedActor(actor: string, place: string): string {
  const bytes = actor.length > ACTOR_BYTES ? actor.length : utf8Length(actor)
  if (bytes === 0) throw badActor(place, 'it is empty')
  if (bytes > ACTOR_BYTES) throw badActor(place, `it has ${bytes} bytes or more`)
  if (UNPRINTABLE.test(actor)) throw badActor(place, 'it is not printable, or has a space at an end')
  if (actor.startsWith(SYSTEM_PREFIX)) throw badActor(place, `"${SYSTEM_PREFIX}" begins what the server itself writes`)
  return actor
}

/** The text of a header's bytes, which Node gives as Latin-1; null when they are no UTF-8. */
function decodeHeader(value: string): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(value, 'latin1'))
  } catch {
    return null
  }
}

function badActor(place: string, why: string): Error {
  return badArgument('actor', `${place}: ${why}; ${REMEDY}.`)
}
