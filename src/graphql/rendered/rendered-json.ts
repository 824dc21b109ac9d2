/** A part of a result that is a JSON text already. Where the text is not asked for, it is parsed (`toJSON`). */
export class RenderedJson {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  toJSON(): unknown {
    return JSON.parse(this.text)
  }
}

/** A result could not be rendered within its budget: the operation is executed field by field, to say what exceeds it. */
export class RenderFault extends Error {}
