import { closeSync, openSync, write, writeSync } from 'node:fs';

/** As long as one of DreamServer's. */
const LINE =
  '{"time":"2026-01-01T00:00:00.000Z","id":"00000000-0000-4000-8000-000000000000","ip":"127.0.0.1","method":"GET","host":"127.0.0.1:80","path":"/1k.bin","status":200,"bytes":1024,"latency":0}\n';

/** Opens a log of the same line for each request, written in pieces of 64 KiB, and at SIGTERM, which ends the process. */
export function openLog(path: string): () => void {
  const file = openSync(path, 'a');
  let pending = '';
  process.once('SIGTERM', () => {
    writeSync(file, pending);
    closeSync(file);
    process.exit(0);
  });
  return () => {
    pending += LINE;
    if (pending.length < 65_536) return;
    write(file, pending, () => {});
    pending = '';
  };
}
