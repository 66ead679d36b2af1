import { knownField } from './field-names.ts';
import type { ReadonlyHeaderList } from './header-list.ts';
import { listMembers } from './list-members.ts';

const TE = knownField('te');

/** Whether who sent these fields takes trailer fields (RFC 9110 §10.1.4): only then does anybody keep them on the way. */
export function acceptsTrailers(headers: ReadonlyHeaderList): boolean {
  const te = headers.getKnown(TE);
  if (te === undefined) return false;
  return te === 'trailers' || listMembers(headers.getList('te') as string).includes('trailers');
}
