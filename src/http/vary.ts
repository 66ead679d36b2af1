import type { HeaderList } from './header-list.ts';
import { listMembers } from './list-members.ts';

/** Say that an answer also depends on a field of the request (RFC 9110 §12.5.5): one Vary names them all, each once. */
export function addVary(headers: HeaderList, field: string): HeaderList {
  const vary = headers.getList('vary');
  if (vary === undefined) return headers.append('Vary', field);
  const members = listMembers(vary);
  if (members.includes('*') || members.includes(field.toLowerCase())) return headers;
  return headers.set('Vary', members.length === 0 ? field : `${vary}, ${field}`);
}
