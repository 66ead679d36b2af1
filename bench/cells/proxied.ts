/** The cells in which requests are passed on. A new one is a line in `proxiedCells`. */
import { createHash } from 'node:crypto';

import { browserFields, head, mostServers, usual } from './cell.ts';
import type { BackendName, Cell, CellKind } from './cell.ts';
import { download } from './download.ts';
import { payloads, text } from './payloads.ts';
import { manyRoutes, routePath } from './routes.ts';

const small = proxied('proxy-1k', 'proxied 1 KiB', '1k.bin');

const bodies: readonly Cell[] = [
  small,
  proxied('proxy-100k', 'proxied 100 KiB', '100k.bin'),
  {
    ...proxied('proxy-10m', 'proxied 10 MiB', '10m.bin'),
    connections: 8,
    countBytes: true,
    field: 'references',
  },
  upload('proxy-post-64k', 'POST 64 KiB, proxied', 'sink', text(64 * 1024), 64),
  {
    ...upload('proxy-post-10m', 'POST 10 MiB, proxied', 'bigSink', payloads['10m.bin'], 8),
    field: 'references',
  },
];

export const proxiedCells: readonly Cell[] = [
  ...bodies.flatMap((cell) => [cell, throughTen(cell)]),
  ...[
    proxied('proxy-1k-browser', 'proxied 1 KiB, browser head', '1k.bin', browserFields),
    {
      ...proxied('proxy-0k', 'proxied, an answer without a body', 'nothing'),
      status: 204,
      expected: Buffer.alloc(0),
    },
    proxied('proxy-chunked', 'proxied 10 KiB in chunks', 'chunked/10k.bin'),
    { ...small, id: 'proxy-1k-c1', title: 'proxied 1 KiB, 1 connection', connections: 1 },
    { ...small, id: 'proxy-1k-c1000', title: 'proxied 1 KiB, 1,000 connections', connections: 1000 },
    {
      ...small,
      id: 'proxy-1k-pipelined',
      title: 'proxied 1 KiB, 16 requests at once on each connection',
      pipelined: 16,
    },
    proxied('proxy-1k-close', 'proxied 1 KiB, a connection for each request', '1k.bin', [
      'Connection: close',
    ]),
    {
      ...small,
      id: 'proxy-routes',
      title: 'proxied 1 KiB, by one of 10,000 routes',
      kind: 'routes' as const,
      request: (authority: string) => head('GET', routePath(0), authority, []),
      many: manyRoutes,
    },
    {
      ...proxied('proxy-features', 'proxied 1 KiB, features on', '1k.bin', browserFields, 'proxy-features'),
      servers: mostServers,
      returnsWith: 'cookie' as const,
    },
    { ...small, id: 'proxy-1k-workers', title: 'proxied 1 KiB, 2 workers', workers: 2 as const },
  ].map((cell): Cell => ({ ...cell, field: 'references' })),
];

/** The same through ten servers, among which the proxy has to choose. */
function throughTen(cell: Cell): Cell {
  return {
    ...cell,
    id: `${cell.id}-10`,
    title: `${cell.title}, 10 servers`,
    servers: mostServers,
    field: 'references',
  };
}

function proxied(
  id: string,
  title: string,
  name: string,
  fields: readonly string[] = [],
  kind: CellKind = 'proxy',
): Cell {
  return download({ id, title, kind, name, path: `/proxy/${name}`, fields });
}

function upload(id: string, title: string, backend: BackendName, body: Buffer, connections: number): Cell {
  const post = (path: string, authority: string): Buffer =>
    Buffer.concat([head('POST', path, authority, [`Content-Length: ${body.length}`]), body]);
  const sum = createHash('sha256').update(body).digest('hex').toUpperCase();
  return {
    ...usual,
    id,
    title,
    kind: 'proxy',
    backend,
    connections,
    request: (authority) => post('/proxy/upload', authority),
    expected: Buffer.from(String(body.length)),
    verified: {
      request: (authority) => post('/proxy/upload?verify=1', authority),
      expected: Buffer.from(sum),
    },
  };
}
