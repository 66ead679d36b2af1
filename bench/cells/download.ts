import { head, usual } from './cell.ts';
import type { Cell } from './cell.ts';
import { payloads } from './payloads.ts';

/** What a cell is that asks for a payload. */
export interface Download extends Pick<Cell, 'id' | 'title' | 'kind'> {
  /** Of the payload. */
  name: string;
  path: string;
  fields: readonly string[];
}

/** A cell that asks for a payload by GET. */
export function download({ id, title, kind, name, path, fields }: Download): Cell {
  return {
    ...usual,
    id,
    title,
    kind,
    request: (authority) => head('GET', path, authority, fields),
    expected: payloads[name],
  };
}
