/** The cells in which files are served. A new one is a line in `fileCells`. */
import { browserFields, head } from './cell.ts';
import type { Cell, CellKind } from './cell.ts';
import { download } from './download.ts';
import { payloads } from './payloads.ts';
import { siteContent, siteRequest, zipf } from './zipf.ts';

const small = file('file-1k', 'file 1 KiB', '1k.bin');

const manyFiles: Cell = {
  ...file('file-zipf', '100,000 files by a law of Zipf', 'zipf'),
  field: 'references',
  request: (authority) => siteRequest(1, authority),
  expected: siteContent(1),
  many: zipf,
};

export const fileCells: readonly Cell[] = [
  small,
  {
    ...file('file-1k-browser', 'file 1 KiB, browser head', '1k.bin', browserFields),
    field: 'references',
  },
  { ...file('file-10k', 'file 10 KiB', '10k.bin'), field: 'references' },
  {
    ...file('file-gzip', 'file 16 KiB, its gzip of 6 KiB negotiated', 'coded/app.js', gzip(), 'coded'),
    expected: payloads['coded/app.js.gz'],
  },
  file('file-100k', 'file 100 KiB', '100k.bin'),
  // With 64 connections the socket buffers would hold more than wrk takes in a second, and the server, not wrk, would
  // be the one that waits: the measure would be of buffers filled, not of answers sent.
  { ...file('file-10m', 'file 10 MiB', '10m.bin'), connections: 8, countBytes: true },
  { ...file('file-304', 'file 10 KiB, not modified', '10k.bin'), field: 'references', returnsWith: 'tag' },
  {
    ...file('file-index', 'index file of a directory, 4 KiB', 'directory/index.html'),
    field: 'references',
    request: (authority) => head('GET', '/directory/', authority, []),
  },
  manyFiles,
  // Where they do not all fit, as they do in the page cache, for those who send from there: they are 1.5 GB.
  { ...manyFiles, id: 'file-zipf-256m', title: 'the same, fileCache: { size: 256MiB }', fileCache: '256MiB' },
  { ...small, id: 'file-1k-c1', title: 'file 1 KiB, 1 connection', field: 'references', connections: 1 },
  {
    ...small,
    id: 'file-1k-c1000',
    title: 'file 1 KiB, 1,000 connections',
    field: 'references',
    connections: 1000,
  },
  {
    ...small,
    id: 'file-1k-pipelined',
    title: 'file 1 KiB, 16 requests at once on each connection',
    field: 'references',
    pipelined: 16,
  },
  {
    ...file('file-1k-close', 'file 1 KiB, a connection for each request', '1k.bin', ['Connection: close']),
    field: 'references',
  },
  {
    ...file('file-features', 'file 10 KiB, features on', '10k.bin', browserFields, 'file-features'),
    field: 'references',
  },
  { ...small, id: 'file-1k-workers', title: 'file 1 KiB, 2 workers', field: 'references', workers: 2 },
];

function file(
  id: string,
  title: string,
  name: string,
  fields: readonly string[] = [],
  kind: CellKind = 'file',
): Cell {
  return download({ id, title, kind, name, path: `/${name}`, fields });
}

/** What a client says that takes gzip. */
function gzip(): string[] {
  return ['Accept-Encoding: gzip, deflate, br, zstd'];
}
