import { Buffer } from 'node:buffer';
import * as net from 'node:net';
import type { Endpoint } from '../core/peer.ts';
import { plainAddress } from './plain-address.ts';

/** The two ends of the connection that a proxy in front of us has accepted. */
export interface ProxiedAddresses {
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

/** Begins a header of version 2: bytes that no other protocol begins with. */
export const V2_SIGNATURE: Buffer = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const V1_SIGNATURE = Buffer.from('PROXY ', 'latin1');

/** The longest header of version 1, with its line end. */
const V1_MOST = 107;
/** Signature, version and command, family, length. */
const V2_FIXED = 16;
/** A header of version 2 may say 64 KiB, most of it in extensions that are of no use here. */
export const V2_MOST = 4096;

/** In version 2: family and transport. */
export const TCP4 = 0x11;
export const TCP6 = 0x21;
/** Nothing said, UDP, unix sockets: known, and no addresses for us. */
const WITHOUT_ADDRESSES: ReadonlySet<number> = new Set([0x00, 0x12, 0x22, 0x31, 0x32]);

export const NEED_MORE = 0;
export const REFUSED = -1;

/**
 * Reads the header that a proxy sends in front of a connection's own bytes to tell whose connection it is: the PROXY
 * protocol, version 1 (a line of text) and 2 (binary).
 *
 * `parse` is given all that has come so far. It answers how many bytes the header has; `NEED_MORE`; or `REFUSED`, with
 * the reason in `error`. It does not throw, and what it answers does not depend on how the bytes were cut.
 */
export class ProxyHeaderParser {
  /** Whose connection it is; undefined where the proxy does not say, since it is its own or of no kind that has addresses. */
  addresses: ProxiedAddresses | undefined = undefined;
  error: 'proxy-protocol.malformed' | 'proxy-protocol.too-large' = 'proxy-protocol.malformed';

  parse(bytes: Buffer, length: number): number {
    if (length === 0) return NEED_MORE;
    // The first byte tells the versions apart.
    const signature = bytes[0] === V1_SIGNATURE[0] ? V1_SIGNATURE : V2_SIGNATURE;
    const known = Math.min(length, signature.length);
    if (bytes.compare(signature, 0, known, 0, known) !== 0) return this.#refuse('proxy-protocol.malformed');
    if (length < signature.length) return NEED_MORE;
    return signature === V1_SIGNATURE ? this.#parseLine(bytes, length) : this.#parseBinary(bytes, length);
  }

  #parseLine(bytes: Buffer, length: number): number {
    const end = bytes.subarray(0, Math.min(length, V1_MOST)).indexOf('\n');
    if (end === -1) return length < V1_MOST ? NEED_MORE : this.#refuse('proxy-protocol.too-large');
    // What stands between UNKNOWN and the end of the line is to be ignored.
    const line = /^PROXY (?:UNKNOWN(?: [^\r]*)?|(TCP[46]) (\S+) (\S+) (\S+) (\S+))\r$/.exec(
      bytes.toString('latin1', 0, end),
    );
    if (line === null) return this.#refuse('proxy-protocol.malformed');
    const [, family, ...texts] = line;
    if (family !== undefined) {
      const [from, to, fromPort, toPort] = texts;
      const source = endpoint(family, from, fromPort);
      const destination = endpoint(family, to, toPort);
      if (source === undefined || destination === undefined) return this.#refuse('proxy-protocol.malformed');
      this.addresses = { source, destination };
    }
    return end + 1;
  }

  #parseBinary(bytes: Buffer, length: number): number {
    if (length < V2_FIXED) return NEED_MORE;
    const version = bytes[12] >> 4;
    const command = bytes[12] & 0x0f;
    const size = bytes.readUInt16BE(14);
    if (version !== 2 || command > 1) return this.#refuse('proxy-protocol.malformed');
    if (V2_FIXED + size > V2_MOST) return this.#refuse('proxy-protocol.too-large');
    // LOCAL: the proxy's own connection, to see whether we are there. What else it says is to be ignored.
    if (command === 1) {
      const family = bytes[13];
      const width = family === TCP4 ? 4 : family === TCP6 ? 16 : 0;
      if (width === 0 && !WITHOUT_ADDRESSES.has(family)) return this.#refuse('proxy-protocol.malformed');
      if (width > 0 && size < 2 * width + 4) return this.#refuse('proxy-protocol.malformed');
      if (length < V2_FIXED + size) return NEED_MORE;
      if (width > 0) this.addresses = binaryAddresses(bytes, width);
    }
    return length < V2_FIXED + size ? NEED_MORE : V2_FIXED + size;
  }

  #refuse(error: ProxyHeaderParser['error']): typeof REFUSED {
    this.error = error;
    return REFUSED;
  }
}

const PORT = /^(?:0|[1-9][0-9]{0,4})$/;

function endpoint(family: string, address: string, port: string): Endpoint | undefined {
  if (!PORT.test(port) || Number(port) > 65_535) return undefined;
  if (family === 'TCP4') return net.isIPv4(address) ? { address, port: Number(port) } : undefined;
  // A zone is of no meaning to anybody but the machine that wrote it.
  if (!net.isIPv6(address) || address.includes('%')) return undefined;
  return { address: shortest(address), port: Number(port) };
}

function binaryAddresses(bytes: Buffer, width: number): ProxiedAddresses {
  const address = (at: number): string => {
    if (width === 4) return bytes.subarray(at, at + 4).join('.');
    const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(at + 2 * i).toString(16));
    return shortest(groups.join(':'));
  };
  const ports = V2_FIXED + 2 * width;
  return {
    source: { address: address(V2_FIXED), port: bytes.readUInt16BE(ports) },
    destination: { address: address(V2_FIXED + width), port: bytes.readUInt16BE(ports + 2) },
  };
}

/** An IPv6 address as the rest of the server writes it. */
function shortest(address: string): string {
  return plainAddress(new net.SocketAddress({ address, family: 'ipv6' }).address);
}
