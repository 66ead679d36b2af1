/** The cells of the bench: what is asked in each, and what the answer must be. */
import type { Cell } from './cell.ts';
import { fileCells } from './files.ts';
import { proxiedCells } from './proxied.ts';

export const cells: readonly Cell[] = [...fileCells, ...proxiedCells];

/** @throws Error where there is none. */
export function cellOf(id: string): Cell {
  const cell = cells.find((each) => each.id === id);
  if (cell === undefined) throw new Error(`there is no cell ${id}`);
  return cell;
}
