import type { ReadonlyHeaderList } from './header-list.ts';
import { listMembers } from './list-members.ts';

/** protocol-name [ "/" protocol-version ] (RFC 9110 §7.8) */
const PROTOCOL = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?$/;

/**
 * The protocols of an Upgrade field that may be passed on, as one value; undefined where there are none. Never `h2c`:
 * through that tunnel would pass requests which no route has seen.
 */
export function passableProtocols(headers: ReadonlyHeaderList): string | undefined {
  const wanted = headers.getList('upgrade');
  if (wanted === undefined) return undefined;
  const protocols = wanted.split(',').map((protocol) => protocol.trim());
  const passed = protocols.filter((protocol) => PROTOCOL.test(protocol) && !/^h2c?(?:\/|$)/i.test(protocol));
  return passed.length === 0 ? undefined : passed.join(', ');
}

/** Whether a server has changed to protocols that it was asked for (RFC 9110 §7.8). */
export function wasAskedFor(protocols: string, wanted: string | undefined): boolean {
  const switched = listMembers(protocols);
  const asked = listMembers(wanted ?? '');
  return switched.length > 0 && switched.every((protocol) => asked.includes(protocol));
}
