import type { JSX } from 'preact'
import type { Json } from '../../../src/core/json/json.ts'
import { fieldsOf } from '../state/fields.ts'

/** Every field of a value with its path. */
export function FieldList({ value }: { readonly value: Json }): JSX.Element {
  const { fields, left } = fieldsOf(value)
  return (
    <>
      <dl class="fields mono">
        {fields.map(({ path, value: field }) => (
          <div key={path}>
            <dt>{path === '' ? 'value' : path}</dt>
            <dd>{JSON.stringify(field)}</dd>
          </div>
        ))}
      </dl>
      {left && <p class="quiet">And more: the JSON has them all.</p>}
    </>
  )
}
