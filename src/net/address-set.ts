import * as net from 'node:net';
import { UNIX_PEER } from '../core/peer.ts';

/** An address, and the bits of it that count. */
const RANGE = /^([^/]+)(?:\/([0-9]{1,3}))?$/;

/** A set of IP addresses, given as single ones and as CIDR ranges; `unix` in it stands for every peer on a unix socket. */
export class AddressSet {
  readonly #list = new net.BlockList();
  readonly #empty: boolean;
  readonly #unix: boolean;

  /** `ranges`: `10.0.0.0/8`, `::1/128`, `192.0.2.1`, `unix`. @throws when one is no address or range. */
  constructor(ranges: readonly string[]) {
    this.#empty = ranges.length === 0;
    this.#unix = ranges.includes(UNIX_PEER);
    for (const range of ranges) {
      if (range === UNIX_PEER) continue;
      const parts = RANGE.exec(range);
      if (parts === null) throw new TypeError(`${range} is neither an address nor a range`);
      const [, address, prefix] = parts;
      const family = net.isIPv6(address) ? 'ipv6' : 'ipv4';
      if (prefix === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(prefix), family);
    }
  }

  has(address: string): boolean {
    if (this.#empty) return false;
    if (net.isIPv4(address)) return this.#list.check(address, 'ipv4');
    if (net.isIPv6(address)) return this.#list.check(address, 'ipv6');
    return this.#unix && address === UNIX_PEER;
  }
}
