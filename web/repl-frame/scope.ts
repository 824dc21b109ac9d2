/** The names that programs have declared, one program after the other. */
export interface Scope {
  /** For `with`: every name that is assigned is kept in it. */
  readonly proxy: object
  set(values: Readonly<Record<string, unknown>>): void
  /** Names that exist without a value. */
  declare(names: readonly string[]): void
}

/** A scope above the global one. */
export function createScope(): Scope {
  const values: Record<string | symbol, unknown> = Object.create(null) as Record<string | symbol, unknown>
  const proxy = new Proxy(values, {
    // Every name is one of this scope, so that an assignment is kept; what is not there is looked up globally.
    has: (_, name) => name !== '$scope' && typeof name === 'string',
    get: (_, name) => {
      if (name in values) return values[name]
      if (name === Symbol.unscopables) return undefined
      if (name in globalThis) return globalValue(name)
      throw new ReferenceError(`${String(name)} is not defined`)
    },
    set: (_, name, value) => {
      values[name] = value
      return true
    },
  })
  return {
    proxy,
    set: (more) => void Object.assign(values, more),
    declare: (names) => {
      for (const name of names) values[name] = undefined
    },
  }
}

/** Functions of the window, such as `setTimeout`, work as its methods alone. */
function globalValue(name: string | symbol): unknown {
  const value = Reflect.get(globalThis, name) as unknown
  const isMethod = typeof value === 'function' && value.prototype === undefined
  return isMethod ? (value.bind(globalThis) as unknown) : value
}
