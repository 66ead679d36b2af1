/** A server that fails too often is left alone, also where it is the only one: clients are told at once, until it is well. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { get } from '../support/message.ts';
import { field } from '../support/parse-response.ts';
import { exchange } from '../support/raw-connection.ts';
import { until } from '../support/until.ts';

let backend: Server;
let server: DreamServer;
/** What the backend does with requests: answers with a status, or nothing. */
let behaviour: number | 'hang' | 'break';
let received: number;

beforeEach(async () => {
  behaviour = 200;
  received = 0;
  backend = createServer((request, response) => {
    received++;
    if (behaviour === 'break') request.socket.resetAndDestroy();
    else if (behaviour !== 'hang') response.writeHead(behaviour, { 'Content-Length': 0 }).end();
  }).listen(0, '127.0.0.1');
  await once(backend, 'listening');
  server = await startDreamServer({
    upstreams: {
      app: {
        servers: [`http://127.0.0.1:${(backend.address() as AddressInfo).port}`],
        breaker: { failures: '50%', requests: 4, open: '1s' },
        timeouts: { firstByte: '500ms' },
        retry: false,
      },
    },
    routes: [{ proxy: 'app' }],
    workers: 1,
  });
});
afterEach(async () => {
  backend.closeAllConnections();
  backend.close();
  await server[Symbol.asyncDispose]();
});

const status = async (): Promise<number> => (await exchange(server.port, get('/'))).status;

/** What the event log says of the circuit. */
const events = (): string[] =>
  server.child.stderr.flatMap((line) => /state=circuit-.*$/.exec(line.trimEnd())?.[0] ?? []);

/** Four requests, of which two fail; then the circuit is open, and the backend hears nothing. */
async function opens(failure: number, logged: string): Promise<void> {
  const failing = behaviour;
  behaviour = 200;
  assert.deepEqual([await status(), await status()], [200, 200]);
  behaviour = failing;
  assert.deepEqual([await status(), await status()], [failure, failure]);
  const heard = received;
  const refused = await exchange(server.port, get('/'));
  assert.deepEqual([refused.status, field(refused, 'Retry-After')], [503, '1']);
  assert.equal(received, heard);
  const entries = await server.untilLogged(5);
  assert.equal(entries[4].error, 'upstream.circuit-open');
  await until(() => events().length > 0, { what: 'it is logged' });
  assert.equal(events()[0], `state=circuit-open | error=${logged} | reason=2 of 4 requests failed`);
}

async function closes(): Promise<void> {
  behaviour = 200;
  await until(async () => (await status()) === 200, { what: 'it is tried again' });
  for (let request = 0; request < 4; request++) assert.equal(await status(), 200);
  await until(() => events().at(-1) === 'state=circuit-closed', { what: 'all events are logged' });
}

test('a backend that answers with 503', async () => {
  behaviour = 503;
  await opens(503, 'status 503');
  await closes();
  assert.deepEqual(events().slice(1), ['state=circuit-half-open', 'state=circuit-closed']);
});

test('a backend that hangs', async () => {
  behaviour = 'hang';
  await opens(504, 'upstream.first-byte-timeout');
  await closes();
});

test('a backend that breaks connections, and is not well when it is tried', async () => {
  behaviour = 'break';
  await opens(502, 'upstream.reset');
  const heard = received;
  await until(async () => (await status()) === 502, { what: 'it is tried' });
  assert.equal(await status(), 503);
  assert.equal(received, heard + 1);
  await closes();
  assert.deepEqual(events().slice(1), [
    'state=circuit-half-open',
    'state=circuit-open | error=upstream.reset',
    'state=circuit-half-open',
    'state=circuit-closed',
  ]);
});
