/** The next item of a feed that has not ended. */
export async function pull<T>(feed: AsyncIterator<T>): Promise<T> {
  const { done, value } = await feed.next()
  if (done === true) throw new Error('The feed has ended.')
  return value
}
