import type { BodySource } from './body.ts';

/** A body that is not wanted is read to its end up to this many bytes; past it, giving up its connection is cheaper. */
const DISCARD_LIMIT = 64 * 1024;

/** Read a body away, so that its connection can be used again. */
export function discardBody(body: BodySource): void {
  let size = 0;
  body.flow({
    data: (chunk) => {
      size += chunk.length;
      if (size > DISCARD_LIMIT) body.cancel();
      return true;
    },
    end: () => {},
    fail: () => {},
  });
}
