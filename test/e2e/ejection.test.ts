/** Every server of an upstream is gone: clients are told so at once, and one of their requests finds out when it is back. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CountingBackend, IdFile } from '../support/counting-backend.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { get } from '../support/message.ts';
import { field } from '../support/parse-response.ts';
import { exchange } from '../support/raw-connection.ts';
import { until } from '../support/until.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

let backend: CountingBackend;
let server: DreamServer;

before(async () => {
  backend = resources.use(await CountingBackend.start(resources.use(new IdFile()).path));
  server = resources.use(
    await startDreamServer({
      upstreams: { app: { servers: [backend.url], eject: { failures: 2, for: '1s' } } },
      routes: [{ proxy: 'app' }],
      workers: 1,
    }),
  );
});

const status = async (): Promise<number> => (await exchange(server.port, get('/'))).status;

/** What the event log says of the server, without what the lines have in common. */
const events = (): string[] =>
  server.child.stderr.flatMap((line) => /state=(ejected|returned)(?: \| error=\w+)?/.exec(line)?.[0] ?? []);

test('a 503 with Retry-After while it is away, and 200 soon after it is back', async () => {
  assert.equal(await status(), 200);
  await backend.kill();
  assert.deepEqual([await status(), await status()], [502, 502]);
  const refused = await exchange(server.port, get('/'));
  assert.deepEqual([refused.status, field(refused, 'Retry-After')], [503, '1']);
  await backend.start();
  await until(async () => (await status()) === 200, { what: 'it is tried again' });
  for (let request = 0; request < 10; request++) assert.equal(await status(), 200);
  await until(() => events().length === 2, { what: 'both events are logged' });
  assert.deepEqual(events(), ['state=ejected | error=ECONNREFUSED', 'state=returned']);
});
