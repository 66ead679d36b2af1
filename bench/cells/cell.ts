import type { ManyPaths } from './many-paths.ts';

/**
 * What the server does in the cell: peers that cannot do it sit it out.
 *
 *   file, coded       serve files; `coded`: the coded form that lies beside one
 *   proxy             pass requests on below /proxy/
 *   routes            the same, and 10,000 routes for other paths
 *   file-features,    the same with everything on that a site may want: see peers/ for what that is in each of them
 *   proxy-features
 *   websocket         pass on connections that change to WebSocket, below /proxy/
 */
export type CellKind =
  | 'file'
  | 'coded'
  | 'proxy'
  | 'routes'
  | 'file-features'
  | 'proxy-features'
  | 'websocket';

export const isProxied = (kind: CellKind): boolean => !['file', 'coded', 'file-features'].includes(kind);

/** The backend that the proxy talks to: `content` answers with files, the sinks read the whole request body first. */
export type BackendName = 'content' | 'sink' | 'bigSink';

/** How many servers the upstream has at most. */
export const mostServers = 10;

export interface Cell {
  /** Stable, for --cells and the JSON. */
  id: string;
  title: string;
  kind: CellKind;
  /** Who takes part: all that can, or only DreamServer and those that others are set in relation to. */
  field: 'all' | 'references';
  backend: BackendName;
  /** How many servers the upstream has. */
  servers: number;
  connections: number;
  /** Workers of the server. With two it has both cores, and shares one of them with the load. */
  workers: 1 | 2;
  /** Memory that a server is given for files, where it has such a setting and its default is not meant. */
  fileCache?: string;
  /** The bytes of one request, given the server's authority. */
  request(authority: string): Buffer;
  /** So many of them are sent at once on a connection, which waits for all the answers before it sends the next. */
  pipelined: number;
  /** The status that must come back, and the body, byte for byte. */
  status: number;
  expected: Buffer;
  /**
   * What the client has from the first answer: `tag`, the file itself, whose tag it sends, to be told that it is the same
   * (304); `cookie`, the cookie that it was given, where it was given one.
   */
  returnsWith?: 'tag' | 'cookie';
  /** Not one request, but those for many paths: `request` and `expected` are of one among them. */
  many?: ManyPaths;
  /** Asks the backend for the SHA-256 of what it received: proves once that the body arrives whole. */
  verified?: { request(authority: string): Buffer; expected: Buffer };
  /**
   * For bodies so large that those under way at the end of the run matter: requests are counted as received bytes
   * divided by the bytes of one answer. Otherwise whole answers are counted.
   */
  countBytes?: true;
}

/** What most cells have in common. */
export const usual = {
  field: 'all',
  backend: 'content',
  servers: 1,
  connections: 64,
  workers: 1,
  pipelined: 1,
  status: 200,
} as const satisfies Partial<Cell>;

/** With no further fields this is, byte for byte, what wrk sends by itself. */
export function head(method: string, path: string, authority: string, fields: readonly string[]): Buffer {
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${authority}`, ...fields];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** The same request with one more field. */
export function withField(request: Buffer, name: string, value: string): Buffer {
  return Buffer.from(request.toString('latin1').replace(/\r\n$/, `${name}: ${value}\r\n\r\n`), 'latin1');
}

/** Asks a backend which forwarding fields reached it: `for|host|proto|id`, none of which may be empty. */
export const forwardedProbe = (authority: string): Buffer => head('GET', '/proxy/forwarded', authority, []);

/** What a desktop browser sends for a page of a site: 15 fields. */
export const browserFields: readonly string[] = [
  'Connection: keep-alive',
  'sec-ch-ua: "Chromium";v="142", "Not_A Brand";v="99"',
  'sec-ch-ua-mobile: ?0',
  'sec-ch-ua-platform: "Linux"',
  'Upgrade-Insecure-Requests: 1',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8',
  'Sec-Fetch-Site: same-origin',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-User: ?1',
  'Sec-Fetch-Dest: document',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Cookie: session=7c1e0d5b9f3a4e62; theme=dark',
];
