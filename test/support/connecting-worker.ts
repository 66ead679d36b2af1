/**
 * Connects to a port as often as it is told, while the thread that has started it stands still, and tells when all stand;
 * with a `question` each has asked it by then, and what they were answered is posted when all have ended.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { parentPort, workerData } from 'node:worker_threads';

interface Work {
  readonly port: number;
  readonly count: number;
  readonly connected: Int32Array;
  readonly question?: string;
  /** So many others come before, and are reset again. */
  readonly gone?: number;
}

const { port, count, connected, question, gone = 0 } = workerData as Work;
for (let i = 0; i < gone; i++) {
  const client = connect(port, '127.0.0.1');
  await once(client, 'connect');
  client.resetAndDestroy();
}
const clients = Array.from({ length: count }, () => connect(port, '127.0.0.1'));
await Promise.all(clients.map((client) => once(client, 'connect')));
if (question !== undefined)
  await Promise.all(clients.map((client) => new Promise((sent) => client.write(question, sent))));
Atomics.store(connected, 0, 1);
Atomics.notify(connected, 0);
if (question !== undefined) {
  parentPort?.postMessage(
    await Promise.all(clients.map((client) => text(client).catch((error: unknown) => String(error)))),
  );
}
