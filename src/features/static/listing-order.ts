import type { DirectoryEntry } from './directory-entries.ts';

/** By what the entries of a directory can be ordered. */
export type SortKey = 'name' | 'size' | 'time';

/** How the entries of a directory are ordered: its directories first, whatever it is. */
export interface ListingOrder {
  readonly by: SortKey;
  readonly descending: boolean;
}

/** What one would rather see first when a column is chosen: A before Z, but what is large, and what is new. */
export function firstOrder(by: SortKey): ListingOrder {
  return { by, descending: by !== 'name' };
}

/** The order that the query of a request asks for, `?sort=name|size|time&order=asc|desc`; what is something else counts as absent. */
export function orderOf(query: string): ListingOrder {
  if (query === '') return BY_NAME;
  const asked = new URLSearchParams(query);
  const sort = asked.get('sort');
  const by = sort === 'size' || sort === 'time' ? sort : 'name';
  const order = asked.get('order');
  return { by, descending: order === 'desc' || (order !== 'asc' && firstOrder(by).descending) };
}

/** The query that asks for an order; empty for the usual one. */
export function queryOf({ by, descending }: ListingOrder): string {
  if (by === 'name' && !descending) return '';
  return `?sort=${by}&order=${descending ? 'desc' : 'asc'}`;
}

/** Put entries in an order, in place. */
export function sortEntries(entries: DirectoryEntry[], { by, descending }: ListingOrder): DirectoryEntry[] {
  const sign = descending ? -1 : 1;
  return entries.sort((a, b) => {
    if (a.isDirectory !== b.isDirectory) return a.isDirectory ? -1 : 1;
    const difference = by === 'name' ? 0 : by === 'size' ? a.size - b.size : a.modified - b.modified;
    return difference === 0 ? (by === 'name' ? sign : 1) * compareNames(a.name, b.name) : sign * difference;
  });
}

/** The order when no other is asked for. */
export const BY_NAME: ListingOrder = { by: 'name', descending: false };

/** As people count: `photo 2` before `photo 10`, and capitals beside small letters. */
const collator = new Intl.Collator('en', { numeric: true });

function compareNames(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : 1);
}
