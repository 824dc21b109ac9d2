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

/** A result cannot be rendered: the operation is executed field by field, whose errors name the field. */
export class RenderFault extends Error {}
