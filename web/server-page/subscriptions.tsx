import type { JSX } from 'preact'
import { client } from '../console/client.ts'
import { attempt, notify } from '../console/state/notices.ts'
import type { ShownGroup, StatusAnswer } from '../../src/server/status/status-answer.ts'

/** Who follows what, and how far behind. */
export function Subscriptions({
  subscriptions: { groups, total, rest },
}: {
  readonly subscriptions: StatusAnswer['subscriptions']
}): JSX.Element {
  return (
    <section aria-labelledby="server-subscriptions">
      <h2 id="server-subscriptions">
        Subscriptions <span class="quiet">{total}</span>
      </h2>
      {groups.length === 0 ? (
        <p class="quiet">Nobody follows anything at the moment.</p>
      ) : (
        <table class="server-table">
          <thead>
            <tr>
              <th scope="col">Feed</th>
              <th scope="col">Shape</th>
              <th scope="col">Actor</th>
              <th scope="col" class="number">
                Number
              </th>
              <th scope="col" class="number" title="Commits that the slowest has not been given">
                Lag
              </th>
              <th scope="col">
                <span class="hidden">What can be done</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {groups.map((group) => (
              <Group key={JSON.stringify([group.kind, group.paths, group.where, group.actor])} group={group} />
            ))}
          </tbody>
        </table>
      )}
      {groups.length > 0 && (
        <p class="quiet hint">
          Interrupt has the server decide anew what a subscription may see, as after a change of rights. One that may go
          on misses nothing.
        </p>
      )}
      {rest > 0 && <p class="quiet">and {rest.toLocaleString('en')} more</p>}
    </section>
  )
}

function Group({ group }: { readonly group: ShownGroup }): JSX.Element {
  const { kind, paths, where, actor, count, lag, isCut } = group
  return (
    <tr>
      <td>
        <span class="tag">{kind}</span>
      </td>
      <td class="mono shape">
        {paths.join(', ')}
        {isCut && ' …'}
        {where !== null && <span class="quiet"> where {where}</span>}
      </td>
      <td>{actor ?? <span class="quiet">–</span>}</td>
      <td class="number">{count.toLocaleString('en')}</td>
      <td class="number">
        {lag > 0 ? <span class="tag wait">{lag.toLocaleString('en')}</span> : <span class="quiet">0</span>}
      </td>
      <td class="number">
        <button
          disabled={isCut}
          title={
            isCut
              ? 'Its paths are too long to be shown whole'
              : 'Has the server decide anew what these may see: those that may not go on end, nothing is lost for the others'
          }
          aria-label={`Interrupt ${kind} of ${paths.join(', ')}`}
          onClick={() => void interrupt(group)}
        >
          Interrupt
        </button>
      </td>
    </tr>
  )
}

async function interrupt({ paths, where, actor }: ShownGroup): Promise<void> {
  const match = { paths, ...(where !== null && { where }), ...(actor !== null && { actor }) }
  const count = await attempt(client.peek().interrupt(match))
  if (count === null) return
  notify('done', `${count === 1 ? 'One subscription was' : `${count} subscriptions were`} interrupted.`)
}
