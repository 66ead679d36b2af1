import type { ProxyOptions } from '../../src/features/proxy/schema.ts';

/** The options of a `proxy` route as they are when nothing is said of them, but for `changes`. */
export function proxyOptions(changes: Partial<ProxyOptions> = {}): ProxyOptions {
  return {
    to: 'backend',
    host: 'preserve',
    upgrade: true,
    connect: false,
    rewriteLocation: true,
    proxyStatus: true,
    forwarded: 'x-forwarded',
    buffer: { request: 'auto' },
    ...changes,
  };
}
