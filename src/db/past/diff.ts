import type { DiffOptions } from '../../core/database/options.ts'
import { wrongKind } from '../../core/error.ts'
import { getField } from '../../core/json/field.ts'
import type { Json } from '../../core/json/json.ts'
import { diffSteps, type Difference } from '../../core/patch/diff.ts'
import { isDocumentPath, parsePath, type Path } from '../../core/path.ts'
import type { Revision } from '../../core/version.ts'
import type { TenantContext } from '../log/tenant-context.ts'
import { asOfRevision } from '../read/as-of.ts'
import { resolvePath } from '../read/resolve-path.ts'
import { TimeSlice } from '../time/time-slice.ts'

/**
 * The JSON Patch from the value at `text` as of `from` to that as of `to`: of a document's stored value, or a field.
 */
export async function readDiff(
  context: TenantContext,
  text: string,
  { from, to }: DiffOptions,
): Promise<readonly Difference[]> {
  const path = parsePath(text, context.limits)
  if (await isCollection(context, path)) {
    throw wrongKind(text, 'it names a collection; a diff is of a document or a field')
  }
  const before = await asOfRevision(context, path, { argument: 'from', moment: from })
  const after = await asOfRevision(context, path, { argument: 'to', moment: to })
  const steps = diffSteps(await storedValue(context, path, before), await storedValue(context, path, after))
  for (const timeSlice = new TimeSlice(context.readMs); ;) {
    const { done, value } = steps.next()
    if (done === true) return value
    if (timeSlice.isLong) await timeSlice.yieldOrTimeOut()
  }
}

/** Whether a path names a collection: one at the top level, or one that has or had documents. */
async function isCollection({ store, tenant }: TenantContext, path: Path): Promise<boolean> {
  if (path.length === 1 || isDocumentPath(path)) return path.length === 1
  const { rows } = await store.paths(tenant, { kind: 'collection', path, deleted: true, limit: { rows: 1, bytes: 1 } })
  return rows.length > 0
}

/** The stored value of the document or field at a path now or as of `at`; undefined when nothing is there. */
async function storedValue(context: TenantContext, path: Path, at: Revision | undefined): Promise<Json | undefined> {
  const { head, fieldPath } = await resolvePath(context, path, at)
  return head === null || head.type === 'DELETE' ? undefined : getField(head.value, fieldPath)
}
