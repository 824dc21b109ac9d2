import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import type { Document } from '../../../src/core/database.ts'
import { Icon } from '../shared/icon.tsx'
import { fieldsOf } from '../state/fields.ts'
import { asOf } from '../state/location.ts'
import { FieldInput } from './field-input.tsx'

/** Every field of a document with its path; each is edited in its place. */
export function FieldList({ document }: { readonly document: Document }): JSX.Element {
  const { fields, left } = fieldsOf(document.value)
  const edited = useSignal<string | null>(null)
  return (
    <>
      <dl class="fields mono">
        {fields.map(({ path, value: field, isNamed }) => (
          <div key={path} onDblClick={() => isNamed && asOf.value === null && (edited.value = path)}>
            <dt>{path === '' ? 'value' : path}</dt>
            {edited.value === path ? (
              <dd>
                <FieldInput document={document} field={path} close={() => (edited.value = null)} />
              </dd>
            ) : (
              <dd>
                <span>{JSON.stringify(field)}</span>
                {isNamed && asOf.value === null && (
                  <button
                    class="bare"
                    aria-label={`Edit ${path === '' ? 'value' : path}`}
                    onClick={() => (edited.value = path)}
                  >
                    <Icon name="edit" />
                  </button>
                )}
              </dd>
            )}
          </div>
        ))}
      </dl>
      {left && <p class="quiet">And more: the JSON has them all.</p>}
    </>
  )
}
