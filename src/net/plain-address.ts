import { UNIX_PEER } from '../core/peer.ts';

/** The address without the IPv6 wrapping that a dual-stack socket gives an IPv4 peer. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return UNIX_PEER;
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
