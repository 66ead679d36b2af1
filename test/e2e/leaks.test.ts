/**
 * Nothing is left of requests whose clients and servers went away at any moment: no socket, no file, no memory, and no place
 * that is counted as taken. `npm run soak` makes as many of them as it takes to see a few bytes a request.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test, type TestContext } from 'node:test';
import { AbortingBackend } from '../support/aborting-backend.ts';
import { AbortingLoad } from '../support/aborting-load.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { residentBytes } from '../support/memory.ts';
import { bytesInUse, MEMORY_PROBE } from '../support/memory-probe.ts';
import { get } from '../support/message.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { temporaryDirectory } from '../support/temp.ts';
import { until } from '../support/until.ts';

const REQUESTS = Number(process.env['SOAK_REQUESTS'] ?? 20_000);
const SEED = Number(process.env['SOAK_SEED'] ?? Date.now() % 1e6);
/** Bytes in use that may have been added: less than 40 for each of 100,000 requests. */
const SLACK = 4 << 20;
const POOL = 32;
const QUEUE = 100;

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

let backend: AbortingBackend;
let server: DreamServer;

before(async () => {
  const logs = temporaryDirectory();
  resources.defer(() => logs.remove());
  backend = resources.use(await AbortingBackend.start(SEED));
  const upstream = {
    servers: [backend.url],
    pool: { max: POOL, idleTimeout: '500ms' },
    queue: { size: QUEUE, timeout: '60s' },
  };
  server = resources.use(
    await startDreamServer(
      {
        upstreams: { app: upstream },
        routes: [{ proxy: 'app' }],
        limits: { connections: POOL + QUEUE },
        accessLog: { path: logs.join('access.log') },
        workers: 1,
      },
      MEMORY_PROBE,
    ),
  );
});

const openFiles = (): number => readdirSync(`/proc/${server.pid}/fd`).length;

test(`${REQUESTS} requests leave nothing behind`, { timeout: 300_000 }, async (context: TestContext) => {
  context.diagnostic(`SOAK_SEED=${SEED}`);
  const atFirst = openFiles();
  const load = new AbortingLoad(server.port, SEED);
  const untilQuiet = (): Promise<true> =>
    until(() => openFiles() <= atFirst, { what: `no more than ${atFirst} open files`, within: 30_000 });

  // The first requests fill what is kept for the others.
  await load.run(REQUESTS / 10, 64);
  await untilQuiet();
  const before = await bytesInUse(server.child);
  const resident = residentBytes(server.pid);
  await load.run(REQUESTS, 64);
  await untilQuiet();
  const grown = (await bytesInUse(server.child)) - before;
  context.diagnostic(
    `${load.sent} requests: ${load.left} left by their client, ${load.broken} broken off, answers ${JSON.stringify([...load.answers])}`,
  );
  context.diagnostic(
    `${openFiles()} open files of ${atFirst}; ${grown} bytes in use more, ${residentBytes(server.pid) - resident} resident`,
  );
  assert.ok(grown < SLACK, `${grown} bytes more in use than before`);
  assert.ok((load.answers.get(200) ?? 0) > load.sent / 3, 'the load was a load');
});

test('every place in the pool, in the queue and among the connections is free afterwards', async () => {
  const clients = await Promise.all(
    Array.from({ length: POOL + QUEUE }, () => RawConnection.connect(server.port)),
  );
  resources.defer(() => {
    for (const client of clients) client.close();
  });
  await Promise.all(clients.map((client) => client.send(get('/held'))));
  await backend.untilHeld(POOL);
  using oneTooMany = await RawConnection.connect(server.port);
  assert.equal((await oneTooMany.response()).status, 503);
  for (let answered = 0; answered < clients.length; answered += await backend.release());
  for (const client of clients) assert.equal((await client.response()).status, 200);
});
