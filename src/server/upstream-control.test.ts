import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { temporaryDirectory } from '../../test/support/temp.ts';
import type { Config } from '../config/schema.ts';
import { createServer, Server } from './create-server.ts';
import { ChangeError } from './upstream-commands.ts';
import type { ServerSpec } from './upstream-commands.ts';

const FIRST = 'http://10.0.0.1:8000';
const SECOND = 'http://10.0.0.2:8000';

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

function make(workers: number, upstream: Record<string, unknown> = {}): Server {
  const config: Config = {
    workers,
    listeners: ['127.0.0.1:0'],
    accessLog: { path: '/dev/null' },
    upstreams: { app: { servers: [FIRST], ...upstream }, other: { servers: [SECOND] } },
    routes: [{ proxy: 'app' }],
  };
  const server = createServer(config);
  servers.push(server);
  return server;
}

async function started(workers: number, upstream?: Record<string, unknown>): Promise<Server> {
  const server = make(workers, upstream);
  await server.listen();
  return server;
}

const urls = async (server: Server): Promise<string> =>
  (await server.upstream('app').servers()).map(({ url }) => url).join(' ');

/** The one line of a change that cannot be made. */
async function refusal(change: Promise<unknown>): Promise<string> {
  const error = await change.then(
    () => assert.fail('it was made'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ChangeError, String(error));
  assert.doesNotMatch(error.message, /\n/);
  return error.message;
}

for (const workers of [1, 2]) {
  describe(`the servers of an upstream, with ${workers} worker(s)`, () => {
    test('are told as they are, over all workers', async () => {
      const server = await started(workers, { servers: [FIRST, { url: SECOND, weight: 3, backup: true }] });
      const idle = { healthy: true, ejected: 0, active: 0, connections: 0 };
      const known = { ...idle, resolved: true, foundFor: undefined };
      await server.upstream('app').drain(SECOND);
      assert.deepEqual(await server.upstream('app').servers(), [
        { ...known, url: FIRST, weight: 1, backup: false, state: 'enabled' },
        { ...known, url: SECOND, weight: 3, backup: true, state: 'draining' },
      ]);
    });

    test('are changed in the order in which that was asked for', async () => {
      const server = await started(workers);
      const app = server.upstream('app');
      const ends: string[] = [];
      const asked = [
        app.add(SECOND).then(() => ends.push('added')),
        app.remove(SECOND).then(() => ends.push('removed')),
        refusal(app.remove(SECOND)).then(() => ends.push('refused')),
        app.add({ url: SECOND, weight: 2 }).then(() => ends.push('added again')),
        app.servers().then((all) => ends.push(all.map(({ weight }) => weight).join(' '))),
        app.setWeight(SECOND, 7).then(() => ends.push('weighted')),
      ];
      await Promise.all(asked);
      assert.deepEqual(ends, ['added', 'removed', 'refused', 'added again', '1 2', 'weighted']);
      assert.equal(await urls(server), `${FIRST} ${SECOND}`);
    });

    test('are changed before the start as after it, but for what cannot be', async () => {
      const server = make(workers);
      const app = server.upstream('app');
      const asked = [app.add(SECOND), app.remove(FIRST), app.disable(SECOND)];
      const refused = [refusal(app.enable(FIRST)), refusal(server.upstream('none').drain(FIRST))];
      const seen = app.servers();
      await server.listen();
      await Promise.all(asked);
      assert.deepEqual(await Promise.all(refused), [
        `\`app\` has no server ${FIRST}; there is \`${SECOND}\``,
        'there is no upstream `none`; there is `app`, `other`',
      ]);
      assert.deepEqual(
        (await seen).map(({ url, state }) => `${url} ${state}`),
        [`${SECOND} disabled`],
      );
    });

    test('go by their URLs, however they are written', async () => {
      const server = await started(workers);
      await server.upstream('app').add('HTTP://App.Internal:80/');
      await server.upstream('app').remove('http://10.0.0.1:8000/');
      assert.equal(await urls(server), 'http://app.internal');
    });

    test('are not changed any more when the server has been closed', async () => {
      const server = await started(workers);
      await server.close();
      assert.equal(await refusal(server.upstream('app').drain(FIRST)), 'the server is closed');
      assert.equal(await refusal(server.upstream('app').servers()), 'the server is closed');
    });

    test('are not changed where the server does not start', async () => {
      const server = make(workers);
      const early = refusal(server.upstream('app').drain(FIRST));
      await server.close();
      assert.equal(await early, 'the server is closed');

      const bad = createServer({ workers, listeners: ['192.0.2.1:8080'], routes: [{ proxy: FIRST }] });
      const asked = refusal(bad.upstream(FIRST).drain(FIRST));
      const looked = refusal(bad.upstream(FIRST).servers());
      await assert.rejects(bad.listen(), { name: 'StartError' });
      assert.deepEqual(await Promise.all([asked, looked]), [
        'the server has not started',
        'the server has not started',
      ]);
    });
  });
}

describe('a change that cannot be made', () => {
  test('says in one line why', async () => {
    const server = await started(1);
    const app = server.upstream('app');
    const none = `\`app\` has no server ${SECOND}; there is \`${FIRST}\``;
    for (const change of ['drain', 'disable', 'enable', 'remove'] as const) {
      assert.equal(await refusal(app[change](SECOND)), none);
    }
    assert.equal(await refusal(app.setWeight(SECOND, 2)), none);
    assert.equal(
      await refusal(server.upstream('App').servers()),
      'there is no upstream `App`; there is `app`, `other`',
    );
    assert.equal(await refusal(app.add(`${FIRST}/`)), `${FIRST} is a server of \`app\` already`);
    assert.equal(await refusal(app.add('10.0.0.3')), 'expected a URL such as `http://127.0.0.1:8000`');
    assert.equal(await refusal(app.drain('app')), 'url: expected a URL such as `http://127.0.0.1:8000`');
    assert.equal(await refusal(app.setWeight(FIRST, 0)), 'weight: expected at least 1, got `0`');
    assert.equal(await refusal(app.setWeight(FIRST, 1001)), 'weight: expected at most 1000, got `1001`');
    assert.equal(await refusal(app.setWeight(FIRST, 1.5)), 'weight: expected a whole number, got `1.5`');
    assert.equal(
      await refusal(app.add({ url: SECOND, weight: -1 })),
      'weight: expected at least 1, got `-1`',
    );
    assert.equal(await urls(server), FIRST);
  });

  test('also to a program without types', async () => {
    const server = await started(1);
    const app = server.upstream('app');
    const untyped = <T>(value: unknown): T => value as T;
    assert.equal(await refusal(app.drain(untyped(undefined))), '`url` is missing');
    assert.match(await refusal(app.setWeight(FIRST, untyped(undefined))), /^weight: expected a number/);
    assert.match(
      await refusal(app.add(untyped<ServerSpec>({ url: SECOND, wieght: 2 }))),
      /unknown key `wieght`; did you mean `weight`\?/,
    );
    assert.equal(await refusal(app.add(untyped(undefined))), '`url` is missing');
  });

  test('is a limit for requests in flight where the upstream counts none', async () => {
    const server = await started(1);
    const server2 = await started(1, { maxRequests: 9 });
    const spec = { url: SECOND, maxRequests: 5 };
    assert.match(
      await refusal(server.upstream('app').add(spec)),
      /`maxRequests` is for upstreams that have one/,
    );
    await server2.upstream('app').add(spec);
    assert.equal(await urls(server2), `${FIRST} ${SECOND}`);
  });
});

test('the path of a socket starts where those of the configuration do', async () => {
  using directory = temporaryDirectory();
  const server = new Server({
    value: {
      workers: 1,
      listeners: [`unix:${directory.join('front.sock')}`],
      accessLog: { path: '/dev/null' },
      upstreams: { app: { servers: [FIRST] } },
      routes: [{ proxy: 'app' }],
    },
    origin: { directory: directory.path },
  });
  servers.push(server);
  await server.listen();
  await server.upstream('app').add('unix:app.sock');
  await server.upstream('app').disable('unix:app.sock');
  assert.equal(await urls(server), `${FIRST} unix:app.sock`);
});
