import * as net from 'node:net';

/** An address, and the bits of it that count. */
const RANGE = /^([^/]+)(?:\/([0-9]{1,3}))?$/;

/** A set of IP addresses, given as single ones and as CIDR ranges. */
export class AddressSet {
  readonly #list = new net.BlockList();
  readonly #empty: boolean;

  /** `ranges`: `10.0.0.0/8`, `::1/128`, `192.0.2.1`. @throws when one is no address or range. */
  constructor(ranges: readonly string[]) {
    this.#empty = ranges.length === 0;
    for (const range of ranges) {
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
    return net.isIPv6(address) && this.#list.check(address, 'ipv6');
  }
}
