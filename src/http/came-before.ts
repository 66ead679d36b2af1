const ONCE = Symbol('once');

/**
 * Whether a head has come before, byte for byte, so that what is made of it is worth keeping in its `derived`: most heads that
 * differ, by a date or a cookie, never come again. The first time it is only marked.
 */
export function cameBefore(head: { derived?: unknown }): boolean {
  if (head.derived !== undefined) return true;
  head.derived = ONCE;
  return false;
}
