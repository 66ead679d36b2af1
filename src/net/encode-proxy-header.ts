import { Buffer } from 'node:buffer';
import * as net from 'node:net';
import type { Endpoint, Peer } from '../core/peer.ts';
import { TCP4, TCP6, V2_SIGNATURE } from './proxy-header.ts';

/** Versions of the PROXY protocol. */
export type ProxyProtocolVersion = 'v1' | 'v2';

const LOCAL = 0x20;
const PROXY = 0x21;
const UNSPECIFIED = 0x00;

/**
 * The header of the PROXY protocol for a connection that is made for a client; or, without one, for the server's own
 * purposes, such as to see whether the other side is there. As bytes, which may stand in a string as latin1.
 */
export function encodeProxyHeader(version: ProxyProtocolVersion, client: Peer | undefined): string {
  const ends = client === undefined ? undefined : endsOf(client);
  return version === 'v1' ? line(ends) : binary(client, ends).toString('latin1');
}

/** The client and what it has connected to, in addresses of one family. */
interface Ends {
  readonly family: 'TCP4' | 'TCP6';
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

function endsOf({ address, port, destination }: Peer): Ends | undefined {
  const source = { address, port };
  if (destination === undefined || !net.isIP(address) || !net.isIP(destination.address)) return undefined;
  if (net.isIPv4(address) && net.isIPv4(destination.address)) return { family: 'TCP4', source, destination };
  return { family: 'TCP6', source: wide(source), destination: wide(destination) };
}

function wide({ address, port }: Endpoint): Endpoint {
  return { address: net.isIPv4(address) ? `::ffff:${address}` : address, port };
}

function line(ends: Ends | undefined): string {
  if (ends === undefined) return 'PROXY UNKNOWN\r\n';
  const { family, source, destination } = ends;
  return `PROXY ${family} ${source.address} ${destination.address} ${source.port} ${destination.port}\r\n`;
}

function binary(client: Peer | undefined, ends: Ends | undefined): Buffer {
  const addresses =
    ends === undefined ? [] : [ends.source, ends.destination].map(({ address }) => bytesOf(address));
  const ports = Buffer.alloc(ends === undefined ? 0 : 4);
  if (ends !== undefined) {
    ports.writeUInt16BE(ends.source.port, 0);
    ports.writeUInt16BE(ends.destination.port, 2);
  }
  const body = Buffer.concat([...addresses, ports]);
  const family = ends === undefined ? UNSPECIFIED : ends.family === 'TCP4' ? TCP4 : TCP6;
  const fixed = Buffer.from([client === undefined ? LOCAL : PROXY, family, 0, body.length]);
  return Buffer.concat([V2_SIGNATURE, fixed, body]);
}

function bytesOf(address: string): Buffer {
  if (net.isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  // A URL has it in groups alone, without the dotted form, and once shortened at the most.
  const [, text] = /^\[(.*)\]$/.exec(new URL(`http://[${address}]`).hostname) ?? [];
  const [before, after] = (text ?? '').split('::').map((part) => (part === '' ? [] : part.split(':')));
  const missing = after === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array<string>(missing).fill('0'), ...(after ?? [])];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
