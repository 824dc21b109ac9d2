const DONE = { done: true, value: undefined } as const

/** A feed of what `next` gives until it gives null. `ended` is called when its reader ends it. */
export function feedFrom<T>(next: () => Promise<T | null>, ended: () => void = () => {}): AsyncIterableIterator<T> {
  const feed: AsyncIterableIterator<T> = {
    [Symbol.asyncIterator]: () => feed,
    next: async () => {
      const value = await next()
      return value === null ? DONE : { done: false, value }
    },
    return: async () => {
      ended()
      return DONE
    },
  }
  return feed
}
