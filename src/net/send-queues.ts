import { readFile } from 'node:fs';
import { isIPv4 } from 'node:net';

/** How long a look at the system's tables is good for, in milliseconds: many connections may ask at once. */
const FRESH_MS = 500;

/** Local port, remote address and remote port of a connection, as the tables of Linux write them. */
type Key = string;

let tables: Promise<ReadonlyMap<Key, number>> | undefined;

/**
 * Bytes that the system has taken from us for a TCP connection and the other side has not acknowledged. A socket says
 * that it takes more only when a third of its buffer is free, which can be a megabyte and more: until then it looks as
 * if nobody read. The system knows better, and on Linux it tells (proc(5), /proc/net/tcp). Elsewhere, and where the
 * connection is not found, 0.
 */
export async function sendQueue(localPort: number, address: string, port: number): Promise<number> {
  if (tables === undefined) {
    tables = readTables();
    setTimeout(() => (tables = undefined), FRESH_MS).unref();
  }
  return (await tables).get(`${hexPort(localPort)} ${hexAddress(address)}:${hexPort(port)}`) ?? 0;
}

async function readTables(): Promise<ReadonlyMap<Key, number>> {
  const queues = new Map<Key, number>();
  for (const text of await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(readText))) {
    for (const [, local, address, port, queue] of text.matchAll(LINE)) {
      // A socket for both families has IPv4 addresses in the clothes of IPv6.
      const plain = address.startsWith(MAPPED) ? address.slice(MAPPED.length) : address;
      queues.set(`${local} ${plain}:${port}`, Number.parseInt(queue, 16));
    }
  }
  return queues;
}

/** `  12: 0100007F:1F90 0100007F:C350 01 0000A000:00000000 …`: local and remote address, state, send and receive queue. */
const LINE = /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]{2} ([0-9A-F]{8}):/gm;
const MAPPED = '0000000000000000FFFF0000';

const readText = (path: string): Promise<string> =>
  new Promise((resolve) => {
    readFile(path, 'latin1', (error, text) => resolve(error === null ? text : ''));
  });

const hexPort = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');

/** The bytes of an address in words of four, each backwards on the machines that there are. */
function hexAddress(address: string): string {
  const bytes = isIPv4(address) ? address.split('.').map(Number) : ipv6Bytes(address);
  let text = '';
  for (let word = 0; word < bytes.length; word += 4) {
    for (let i = 3; i >= 0; i--) text += bytes[word + i].toString(16).toUpperCase().padStart(2, '0');
  }
  return text;
}

function ipv6Bytes(address: string): number[] {
  const [front, back = ''] = address.split('%', 1)[0].split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [head, tail] = [groups(front), groups(back)];
  const all = [
    ...head,
    ...Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => 0),
    ...tail,
  ];
  return all.flatMap((group) => [group >> 8, group & 255]);
}
