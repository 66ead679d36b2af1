import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { connect, createServer as createNetServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Child } from '../../test/support/child.ts';
import { freePort } from '../../test/support/ports.ts';
import { within } from '../../test/support/until.ts';
import { temporaryDirectory } from '../../test/support/temp.ts';
import { StartError } from '../config/config-error.ts';
import type { Config } from '../config/schema.ts';
import type { UpstreamChange } from '../upstream/upstream.ts';
import { createServer } from './create-server.ts';
import type { Server } from './create-server.ts';

const log = { path: '/dev/null' };

async function fetchText(port: number | undefined): Promise<string> {
  const request = get({ host: '127.0.0.1', port, agent: false });
  const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer>];
  let text = '';
  for await (const chunk of response) text += chunk.toString();
  return text;
}

async function started(config: Config): Promise<Server> {
  const server = createServer({ accessLog: log, ...config });
  await server.listen();
  return server;
}

for (const workers of [1, 2]) {
  describe(`a server with ${workers} worker(s)`, () => {
    const base: Config = { workers, listeners: ['127.0.0.1:0', '127.0.0.1:0'], routes: [{ respond: 'ok' }] };

    test('listens on ports that were free, answers, and stops', async () => {
      const server = await started(base);
      assert.equal(server.workers, workers);
      const ports = server.addresses.map(({ port }) => port);
      assert.equal(new Set(ports).size, 2);
      for (const port of ports) {
        // Often enough that every worker has had its turn.
        for (let i = 0; i < 10; i++) assert.equal(await fetchText(port), 'ok');
      }
      await server.close();
      await server.closed;
      for (const port of ports) await assert.rejects(fetchText(port), { code: 'ECONNREFUSED' });
    });

    test('tells what becomes of the servers of upstreams', async () => {
      const url = `http://127.0.0.1:${await freePort()}`;
      const server = createServer({
        ...base,
        accessLog: log,
        upstreams: {
          gone: { servers: [url], health: { interval: '20ms', unhealthy: 1 }, eject: { failures: 1 } },
        },
        routes: [{ proxy: 'gone' }],
      });
      const { promise, resolve } = Promise.withResolvers<UpstreamChange>();
      server.observeUpstreams((change) => change.state === 'unhealthy' && resolve(change));
      await server.listen();
      assert.deepEqual(await within(10_000, 'a change', promise), {
        upstream: 'gone',
        server: url,
        state: 'unhealthy',
        detail: 'ECONNREFUSED',
        explanation: undefined,
      });
      await server.close();
    });

    test('says in one line that an address is in use, and leaves nothing behind', async () => {
      const other = createNetServer().listen(0, '127.0.0.1').unref();
      await once(other, 'listening');
      const { port: taken } = other.address() as AddressInfo;
      const free = await freePort();
      const server = createServer({ ...base, listeners: [`127.0.0.1:${free}`, `127.0.0.1:${taken}`] });
      await assert.rejects(server.listen(), (error) => {
        assert.ok(error instanceof StartError);
        assert.equal(error.message, `127.0.0.1:${taken} is already in use`);
        return true;
      });
      other.close();
      const again = await started({ ...base, listeners: [`127.0.0.1:${free}`, `127.0.0.1:${taken}`] });
      await again.close();
    });

    test('of two that start at once on a port one listens, and the other is told', async () => {
      const port = await freePort();
      const servers = Array.from({ length: 2 }, () => {
        return createServer({ ...base, accessLog: log, listeners: [`127.0.0.1:${port}`] });
      });
      const starts = await Promise.allSettled(servers.map((server) => server.listen()));
      await Promise.all(servers.map((server) => server.close()));
      const errors = starts.flatMap((start) => (start.status === 'rejected' ? [String(start.reason)] : []));
      assert.deepEqual(errors, [`StartError: 127.0.0.1:${port} is already in use`]);
    });

    test('says in one line that a host is not of this machine', async () => {
      const server = createServer({ ...base, listeners: ['192.0.2.1:8080'] });
      await assert.rejects(server.listen(), {
        name: 'StartError',
        message: '192.0.2.1:8080 is not an address of this machine',
      });
    });

    test('says in one line that its log cannot be opened', async () => {
      using directory = temporaryDirectory();
      const path = `${directory.write('file', '')}/access.log`;
      await assert.rejects(createServer({ ...base, accessLog: { path } }).listen(), {
        name: 'StartError',
        message: `the log's folder ${directory.join('file')} is not a directory`,
      });
    });

    test('cannot be started twice', async () => {
      const server = await started(base);
      await assert.rejects(server.listen(), /started before/);
      await server.close();
    });

    test('can be closed twice, and before it has started', async () => {
      const server = await started(base);
      await Promise.all([server.close(), server.close()]);
      await createServer(base).close();
    });
  });
}

describe('a server that stops answers what is there already', () => {
  const question = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
  const answers = /^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)*Connection: close\r\n(?:.+\r\n)*\r\nok\n?$/;

  /** What comes until the connection ends. */
  async function rest(client: Socket): Promise<string> {
    let text = '';
    client.setEncoding('latin1').on('data', (part: string) => (text += part));
    await once(client, 'end');
    client.end();
    return text;
  }

  test('a request that has come and is not read yet', async () => {
    const server = await started({ listeners: ['127.0.0.1:0'], routes: [{ respond: 'ok' }] });
    const client = connect(server.addresses[0].port as number, '127.0.0.1');
    client.write(question);
    await once(client, 'data');
    client.write(question);
    const closed = server.close();
    assert.match(await rest(client), answers);
    await closed;
  });

  for (const gone of [0, 100]) {
    test(`connections that wait to be accepted, a few in each turn of the event loop, behind ${gone} that have gone`, async () => {
      const server = await started({ listeners: ['127.0.0.1:0'], routes: [{ respond: 'ok' }] });
      const [{ port }] = server.addresses;
      const connected = new Int32Array(new SharedArrayBuffer(4));
      const program = new URL('../../test/support/connecting-worker.ts', import.meta.url);
      const clients = new Worker(program, { workerData: { port, count: 500, gone, connected, question } });
      assert.notEqual(Atomics.wait(connected, 0, 0, 10_000), 'timed-out');
      const closed = server.close();
      const [texts] = (await once(clients, 'message')) as [string[]];
      assert.deepEqual(
        texts.filter((text) => !answers.test(text)),
        [],
      );
      await closed;
    });
  }

  test('what a proxy brings that has yet to say whose it is', async () => {
    const server = await started({
      listeners: [{ address: '127.0.0.1:0', proxyProtocol: true }],
      trustedProxies: ['127.0.0.1'],
      routes: [{ respond: 'ok' }],
    });
    const proxy = connect(server.addresses[0].port as number, '127.0.0.1');
    await once(proxy, 'connect');
    proxy.write('PROXY TCP4 192.0.2.1 ');
    const closed = server.close();
    // It is accepted by now, and what is behind it comes later.
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    proxy.write(`127.0.0.1 1 2\r\n${question}`);
    assert.match(await rest(proxy), answers);
    await closed;
  });
});

test('workers listen on a unix socket too: one of them', async () => {
  using directory = temporaryDirectory();
  const socketPath = directory.join('ds.sock');
  const server = await started({
    workers: 2,
    listeners: ['127.0.0.1:0', `unix:${socketPath}`],
    routes: [{ respond: 'ok' }],
  });
  const [response] = (await once(get({ socketPath, agent: false }), 'response')) as [NodeJS.ReadableStream];
  response.resume();
  await once(response, 'end');
  assert.deepEqual(server.addresses[1], { address: `unix:${socketPath}`, port: undefined });
  await server.close();
});

test('a worker that crashes is logged, and the process ends with 1', async () => {
  using directory = temporaryDirectory();
  const file = directory.write(
    'dreamserver.yaml',
    'listeners: ["127.0.0.1:0"]\nworkers: 2\nroutes: [{ respond: ok }]\n',
  );
  const child = new Child('DreamServer', process.execPath, [
    '--import',
    fileURLToPath(new URL('./fixtures/crash-on-signal.mjs', import.meta.url)),
    fileURLToPath(new URL('../cli/main.ts', import.meta.url)),
    'run',
    '-c',
    file,
  ]);
  await child.untilOutput('it listens', () => child.stderr.some((line) => line.includes('listening')));
  child.kill('SIGUSR2');
  assert.deepEqual(await child.exited, { code: 1, signal: null });
  const logged = child.stderr.filter((line) => line.startsWith('[ERROR] DREAM_SERVER WORKER'));
  assert.equal(logged.length, 1, child.output);
  assert.match(logged[0], /worker=0 \| state=crashed \| error=.*a bug in a worker/);
});
