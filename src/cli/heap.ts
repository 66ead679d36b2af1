import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** What the space for new objects may grow to, in bytes; further where it grows several times within one turn of the event loop. */
const NEW_SPACE = 16 * 2 ** 20;
/** How much may be added to what is in use until V8 collects it, in percent. */
const GROWTH = 50;

/**
 * Keep the heap of this process small. Where a machine has much memory V8 lets the space for new objects grow to 128 MiB,
 * and the rest to four times what is in use; a busy server fills both and is no faster for it (docs/decisions/0014).
 */
export function boundHeap(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH}`);
  // The flag that says how large the space may get is read before any code of ours runs; the one that says how it grows is not.
  let mayGrow = true;
  new PerformanceObserver(() => {
    // V8 makes it small again when little happens for a while.
    if (mayGrow === newSpace() < NEW_SPACE) return;
    mayGrow = !mayGrow;
    setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`);
  }).observe({ entryTypes: ['gc'] });
}

function newSpace(): number {
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  return space?.space_size ?? 0;
}
