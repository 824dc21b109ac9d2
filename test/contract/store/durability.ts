import { expect } from 'vitest'
import { ALL, commit, draft, path, put, remove } from '../../support/store/drafts.ts'
import { law, type StoreSubject } from './subject.ts'

/** L4 as far as opening again shows it; kill -9 and failing disks have tests of their own per store. */
export function durabilityContract(subject: StoreSubject): void {
  law(subject, 'L4 what was acknowledged is there when the store is opened again, and goes on', async (fixture) => {
    const { tenant } = fixture
    if (subject.reopen === undefined) {
      throw new Error('A store that keeps L4 can be opened again: give `reopen`, or skip L4 with a reason.')
    }
    const drafts = [draft([put('posts/1', 1, { a: 1 }), put('posts/2', 1)]), draft([remove('posts/2', 2)], { id: 'k' })]
    await fixture.store.append(tenant, drafts)
    const read = async (): Promise<unknown> => [
      await fixture.store.log(tenant, { after: 0, limit: ALL }),
      await fixture.store.list(tenant, { kind: 'below', path: [], deleted: true, limit: ALL }),
      await fixture.store.heads(tenant, [path('posts/1')], 1),
    ]
    const before = await read()
    fixture.store = await subject.reopen(fixture.store)
    expect(await read()).toEqual(before)
    const [again] = await fixture.store.append(tenant, [draft([], { id: 'k' })])
    expect(again).toMatchObject({ kind: 'repeated', commit: { revision: 2 } })
    expect((await commit(fixture.store, tenant, [put('posts/2', 3)])).revision).toBe(3)
  })
}
