import { execute, getOperationAST, type DocumentNode, type ExecutionArgs, type ExecutionResult } from 'graphql'
import type { ErrorCode } from '../core/error.ts'
import { selectionVariables } from '../graphql/selection-variables.ts'
import type { Operations } from './operations.ts'
import { KeptPayloads } from './kept.ts'
import { Payload } from './payload.ts'
import { wireOf } from './result.ts'

/** About how much of what was made of events is kept for those that come a little later, in bytes. */
const KEPT_BYTES = 33_554_432

/** A longer key of a cohort is not remembered: variables may be as long as a message. */
const REMEMBERED_CHARS = 256

/** Makes of an event what one subscriber gets. */
export interface Member {
  /** What was made of the event already; null when nobody has met it yet, or it is still being made. */
  known(event: unknown): Payload | null
  /** Executes the operation on the event, unless somebody did. */
  make(event: unknown): Promise<Payload>
}

/**
 * Subscribers with the same operation on the same database. For one event all get the same bytes, whatever they
 * subscribed with: the arguments of the root field decide which events come, not what is shown of them. Two are in one
 * cohort when their operation is the same one of the same document, and the variables are equal that the selection uses.
 */
export class Cohorts {
  readonly #operations: Pick<Operations, 'context' | 'maskAll'>
  readonly #documents = new WeakMap<DocumentNode, Identity>()
  /** Forgotten with the event, which whoever makes the events hands to all readers at the same place. */
  readonly #made = new WeakMap<object, Map<string, Payload | Promise<Payload>>>()
  readonly #kept = new KeptPayloads(KEPT_BYTES)
  #count = 0

  constructor(operations: Pick<Operations, 'context' | 'maskAll'>) {
    this.#operations = operations
  }

  /** A member of the cohort of an operation that has begun. */
  join(args: ExecutionArgs): Member {
    return new CohortMember(this, this.#keyOf(args), args)
  }

  /** What was made of an event for the cohort; null when nobody has met it yet, or it is still being made. */
  known(event: unknown, cohort: string): Payload | null {
    const made = isObject(event) ? this.#made.get(event)?.get(cohort) : undefined
    return made instanceof Payload ? made : null
  }

  /** Executes the operation on the event, unless somebody of the cohort did. */
  make(event: unknown, cohort: string, args: ExecutionArgs): Promise<Payload> {
    return isObject(event) ? this.#share(event, cohort, args) : this.#execute(event, args)
  }

  #share(event: object, cohort: string, args: ExecutionArgs): Promise<Payload> {
    const made = this.#made.get(event) ?? new Map<string, Payload | Promise<Payload>>()
    const known = made.get(cohort)
    if (known !== undefined) return Promise.resolve(known)
    this.#made.set(event, made)
    let isDone = false
    const making = this.#execute(event, args, (payload, isPassing) => {
      isDone = true
      if (isPassing) made.delete(cohort)
      else this.#kept.keep(made, cohort, payload)
    })
    if (!isDone) made.set(cohort, making)
    return making
  }

  /** `done` is called in the same turn when the operation reads nothing more than the event. */
  async #execute(event: unknown, args: ExecutionArgs, done: Done = () => {}): Promise<Payload> {
    const executing = execute({ ...args, rootValue: event, contextValue: this.#operations.context() })
    const result = this.#operations.maskAll(executing instanceof Promise ? await executing : executing as ExecutionResult)
    const payload = new Payload(JSON.stringify(wireOf(result)))
    done(payload, isPassing(result))
    return payload
  }

  #keyOf({ document, operationName, variableValues }: ExecutionArgs): string {
    const known = this.#documents.get(document) ?? { number: ++this.#count, variables: new Map<string, readonly string[]>(), newest: '' }
    this.#documents.set(document, known)
    const name = getOperationAST(document, operationName)?.name?.value ?? ''
    const used = known.variables.get(name) ?? selectionVariables(document, operationName ?? undefined)
    known.variables.set(name, used)
    // One that was not given has its default, and is not null.
    const given = Object.fromEntries(used.flatMap((variable) => (variableValues != null && variable in variableValues ? [[variable, variableValues[variable]]] : [])))
    const key = `${known.number} ${name} ${JSON.stringify(given)}`
    // Those that come one after the other are mostly of one cohort: the same text is found faster than an equal one.
    if (key === known.newest) return known.newest
    if (key.length <= REMEMBERED_CHARS) known.newest = key
    return key
  }
}

class CohortMember implements Member {
  readonly #cohorts: Cohorts
  readonly #cohort: string
  readonly #args: ExecutionArgs

  constructor(cohorts: Cohorts, cohort: string, args: ExecutionArgs) {
    this.#cohorts = cohorts
    this.#cohort = cohort
    this.#args = args
  }

  known(event: unknown): Payload | null {
    return this.#cohorts.known(event, this.#cohort)
  }

  make(event: unknown): Promise<Payload> {
    return this.#cohorts.make(event, this.#cohort, this.#args)
  }
}

/** `isPassing`: it may be another one for who asks later. */
type Done = (payload: Payload, isPassing: boolean) => void

const PASSING: ReadonlySet<unknown> = new Set<ErrorCode>(['UNAVAILABLE', 'TIMEOUT', 'TOO_MANY_REQUESTS'])

/** Whether a read failed that may succeed for those who resume. A bug is kept: it would be met again by all. */
function isPassing({ errors = [] }: ExecutionResult): boolean {
  return errors.some(({ extensions }) => PASSING.has(extensions['code']))
}

/** What is the same for all members that come with one document. */
interface Identity {
  readonly number: number
  /** Those that its operations, by name, use in their selections. */
  readonly variables: Map<string, readonly string[]>
  /** The key of the cohort that somebody joined last. */
  newest: string
}

function isObject(event: unknown): event is object {
  return typeof event === 'object' && event !== null
}
