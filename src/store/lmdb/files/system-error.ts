/** The code of an error of the system, such as `ENOENT`; undefined of any other error. */
export function systemCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

/** The result of an action on a file; null when the file is missing, or the action fails with one of `codes`. */
export function ifExists<T>(action: () => T, codes: readonly string[] = []): T | null {
  try {
    return action()
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' || codes.some((each) => each === code)) return null
    throw error
  }
}
