/** A static file server on node:http: small files from memory (looked at again every second), large ones streamed. */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import { join, normalize } from 'node:path';
import { pipeline } from 'node:stream';

import { newId, openLog } from './log.ts';

const [port, logFile, root] = process.argv.slice(2);
const log = openLog(logFile);
const largestInMemory = 1024 * 1024;

interface File {
  path: string;
  size: number;
  headers: Record<string, string | number>;
  body: Buffer | null;
  checked: number;
}
const files = new Map<string, File>();

async function open(path: string): Promise<File> {
  const seen = await stat(path);
  const file: File = {
    path,
    size: seen.size,
    headers: {
      'Content-Type': 'application/octet-stream',
      'Content-Length': seen.size,
      'Last-Modified': seen.mtime.toUTCString(),
      ETag: `"${seen.mtimeMs.toString(16)}-${seen.size.toString(16)}"`,
    },
    body: seen.size <= largestInMemory ? await readFile(path) : null,
    checked: Date.now(),
  };
  files.set(path, file);
  return file;
}

function send(response: ServerResponse, file: File): void {
  response.writeHead(200, file.headers);
  if (file.body !== null) response.end(file.body);
  else pipeline(createReadStream(file.path, { highWaterMark: 262_144 }), response, () => {});
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const id = newId();
  response.setHeader('X-Request-Id', id);
  const path = join(root, normalize(decodeURI(request.url ?? '/')));
  const known = files.get(path);
  response.on('close', () => log(request, response.statusCode, files.get(path)?.size ?? 0, id));
  if (known !== undefined && Date.now() - known.checked < 1000) {
    send(response, known);
    return;
  }
  open(path).then(
    (file) => send(response, file),
    () => response.writeHead(404).end(),
  );
});
server.maxRequestsPerSocket = 0;
server.listen(Number(port), '127.0.0.1', 4096);
