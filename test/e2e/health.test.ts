/** Two workers, one of which checks two applications: both go by what it finds, and it is told once. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CountingBackend, IdFile } from '../support/counting-backend.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { Load } from '../support/load.ts';
import { until } from '../support/until.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

let backends: CountingBackend[];
let server: DreamServer;

before(async () => {
  const { path } = resources.use(new IdFile());
  backends = [
    resources.use(await CountingBackend.start(path)),
    resources.use(await CountingBackend.start(path)),
  ];
  server = resources.use(
    await startDreamServer({
      upstreams: {
        app: {
          servers: backends.map(({ url }) => url),
          health: { path: '/', interval: '100ms', unhealthy: 2, body: 'ok' },
          // Nothing but the checks keeps requests from a server that is gone.
          retry: false,
        },
      },
      routes: [{ proxy: 'app' }],
      workers: 2,
    }),
  );
});

/** What the event log says of checks. */
const events = (): string[] =>
  server.child.stderr.flatMap((line) => /server=.*state=(?:un)?healthy.*/.exec(line)?.[0] ?? []);

const untilEvents = (count: number): Promise<true> =>
  until(() => events().length === count, { what: `${count} events` });

test('a server that is gone gets no requests from either, until it is back', async () => {
  const [{ url }] = backends;
  await backends[0].kill();
  await untilEvents(1);
  await backends[1].kill();
  await untilEvents(2);
  await until(
    async () => {
      const load = new Load({ port: server.port, target: '/', connections: 20, each: 1 });
      await load.done;
      return load.count(503) === 20;
    },
    { what: 'both workers know it' },
  );
  await Promise.all(backends.map((backend) => backend.start()));
  await untilEvents(4);
  await until(
    async () => {
      const load = new Load({ port: server.port, target: '/', connections: 20, each: 5 });
      await load.done;
      return load.count(200) === 100;
    },
    { what: 'both workers use it again' },
  );
  assert.equal(events()[0], `server=${url} | state=unhealthy | error=ECONNREFUSED`);
  assert.equal(events().filter((event) => event === `server=${url} | state=healthy`).length, 1);
});
