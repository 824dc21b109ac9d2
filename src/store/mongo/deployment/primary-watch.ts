import type { MongoClient } from 'mongodb'

/**
 * Knows whether reads with majority show all that was acknowledged. A primary that was just elected may be behind with
 * them: the commit point that it has learned lies before the last acknowledged writes until it has committed one of its
 * own. One linearizable read waits for that
 * (https://www.mongodb.com/docs/manual/reference/read-concern-linearizable/).
 */
export class PrimaryWatch {
  /** Reads a row with linearizable read concern; which one does not matter, and it need not exist. */
  readonly #read: () => Promise<unknown>
  #current = ''
  #confirmed = ''
  #confirming: Promise<void> | null = null

  constructor(read: () => Promise<unknown>) {
    this.#read = read
  }

  /** Address and election of the newest primary that a driver has found; empty without a replica set. */
  get current(): string {
    return this.#current
  }

  /** Follows what a client reports. The driver reports a primary before it sends a command to it. */
  watch(client: MongoClient): void {
    client.on('serverDescriptionChanged', ({ newDescription: { type, address, electionId } }) => {
      if (type === 'RSPrimary') this.#current = `${address} ${String(electionId)}`
    })
  }

  /** Resolves when reads on the current primary show all that was acknowledged before: at once, once they do. */
  async confirm(): Promise<void> {
    while (this.#confirmed !== this.#current) {
      this.#confirming ??= this.#confirm().finally(() => (this.#confirming = null))
      await this.#confirming
    }
  }

  async #confirm(): Promise<void> {
    const primary = this.#current
    await this.#read()
    this.#confirmed = primary
  }
}
