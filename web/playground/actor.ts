/** Who writes in the console, by the same browser; its default where nobody was named. */
export function consoleActor(storage: Pick<Storage, 'getItem'>): string {
  try {
    return storage.getItem('tidemark.actor') || 'console'
  } catch {
    return 'console'
  }
}

/** The header of the server that names the actor, as JSON. */
export function actorHeaders(actor: string): string {
  return `{ "Tidemark-Actor": ${JSON.stringify(actor)} }\n`
}
