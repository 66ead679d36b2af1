import { randomUUID } from 'node:crypto';
import { closeSync, openSync, write, writeSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';

/** A buffered access log: a line is kept until 64 KiB are together or 1 s has passed. */
export function openLog(
  path: string,
): (request: IncomingMessage, status: number, bytes: number, id: string) => void {
  const file = openSync(path, 'a');
  let pending = '';
  const flush = () => {
    if (pending === '') return;
    write(file, pending, () => {});
    pending = '';
  };
  setInterval(flush, 1000).unref();
  process.once('SIGTERM', () => {
    writeSync(file, pending);
    closeSync(file);
    process.exit(0);
  });
  return (request, status, bytes, id) => {
    const when = new Date().toISOString();
    const agent = request.headers['user-agent'] ?? '-';
    pending += `${request.socket.remoteAddress} [${when}] "${request.method} ${request.url}" ${status} ${bytes} "${agent}" ${id}\n`;
    if (pending.length > 65_536) flush();
  };
}

export const newId = (): string => randomUUID();
