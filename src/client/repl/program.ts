/** A program that was typed, with the values of its names. */
type Program<Values extends readonly unknown[]> = (...values: Values) => Promise<unknown>

/** Statements of which the last one may be an expression, as text. */
interface ProgramText {
  readonly text: string
  /** The names that it knows, in the order in which the program takes their values. */
  readonly names: readonly string[]
}

/** Compiles a text as an expression, whose value is the result, or else as statements. Throws SyntaxError. */
export function compileProgram<Values extends readonly unknown[]>(
  { text, names }: ProgramText,
  /** Wraps the text into the body of an async function. Default: the text is the body. */
  around: (body: string) => string = (body) => body,
): Program<Values> {
  const AsyncFunction = (async () => {}).constructor as new (...parts: readonly string[]) => Program<Values>
  try {
    return new AsyncFunction(...names, around(`return (\n${text}\n)`))
  } catch {
    return new AsyncFunction(...names, around(text))
  }
}
