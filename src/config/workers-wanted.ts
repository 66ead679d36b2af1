import { availableParallelism } from 'node:os';

/** More threads than this are a slip of the pen. */
export const MOST_WORKERS = 1024;

/**
 * The number of threads that a configuration asks for, before it is understood: threads take as long to load as its
 * schema. 1 where it makes no sense, which the schema will tell.
 */
export function workersWanted(config: unknown): number {
  const { workers = 'auto' } = (config ?? {}) as { readonly workers?: unknown };
  if (workers === 'auto') return availableParallelism();
  const isCount =
    Number.isInteger(workers) && (workers as number) >= 1 && (workers as number) <= MOST_WORKERS;
  return isCount ? (workers as number) : 1;
}
