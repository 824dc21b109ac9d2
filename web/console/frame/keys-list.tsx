import type { JSX } from 'preact'
import { KEYS } from '../state/key-help.ts'
import { Icon } from '../shared/icon.tsx'
import { overlay } from './overlay.tsx'
import '../styles/overlay.css'

/** All keys of the console. */
export function KeysList(): JSX.Element {
  return (
    <div class="keys-list">
      <header>
        <h2>Keys</h2>
        <button class="bare" aria-label="Close" onClick={() => (overlay.value = null)}>
          <Icon name="close" />
        </button>
      </header>
      {KEYS.map(({ title, keys }) => (
        <section key={title}>
          <h3>{title}</h3>
          <dl>
            {keys.map(({ keys: names, does }) => (
              <div key={does}>
                <dt>
                  {names.map((name) => (
                    <kbd key={name}>{name}</kbd>
                  ))}
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </div>
  )
}
