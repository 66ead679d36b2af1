/** Starting: what it says when it runs, and the one clear line when it cannot. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { after, before, suite, test } from 'node:test';
import {
  dreamserver,
  type DreamServer,
  type DreamServerOptions,
  startCommand,
  startDreamServer,
  untilListening,
} from '../support/dreamserver.ts';
import { get, head } from '../support/message.ts';
import { freePort } from '../support/ports.ts';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { type Site, temporarySite } from '../support/site.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temp.ts';
import { within } from '../support/until.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

let site: Site;
let directory: TemporaryDirectory;
before(() => {
  site = resources.use(temporarySite());
  directory = resources.use(temporaryDirectory());
});

/** The limit counts all that its user runs, and is none for root. */
const canLimitThreads =
  process.platform === 'linux' && process.getuid?.() === 0 ? false : 'only root may become somebody else';

/** Runs it, expects it to fail by itself, and returns its exit code and what it said on standard error. */
async function failure(
  args: readonly string[],
  options: DreamServerOptions = {},
): Promise<{ code: number | null; lines: string[] }> {
  const child = dreamserver(args, { cwd: directory.path, ...options });
  const { code } = await within(10_000, `dreamserver ${args.join(' ')} ends`, child.exited).finally(() =>
    child.kill('SIGKILL'),
  );
  return { code, lines: child.stderr.filter((line) => line.trim() !== '') };
}

/** A failed start: exit 1 and one line that names the trouble, without a stack trace. */
async function failsToStart(
  args: readonly string[],
  expected: RegExp,
  options?: DreamServerOptions,
): Promise<void> {
  const { code, lines } = await failure(args, options);
  assert.equal(code, 1, lines.join('\n'));
  assert.equal(lines.length, 1, lines.join('\n'));
  assert.match(lines[0], expected);
  assert.doesNotMatch(lines[0], /^\s+at |\bError:|node:internal/);
}

suite('a failed start', () => {
  for (const workers of [1, 2]) {
    test(`port in use, ${workers} worker(s)`, async () => {
      await using running = await startDreamServer({ routes: [{ files: { root: site.root } }], workers });
      const config = directory.write(
        'in-use.yaml',
        `listeners: [{ address: "127.0.0.1:${running.port}" }]\nroutes: [{ files: { root: ${site.root} } }]\nworkers: ${workers}\n`,
      );
      await failsToStart(['run', '-c', config], new RegExp(`${running.port}.*(in use|already)`));
      assert.equal((await exchange(running.port, get('/hello.txt'))).status, 200);
    });
  }

  for (const workers of [1, 2]) {
    test(`an address that another listener takes connections for, ${workers} worker(s)`, async () => {
      const port = await freePort();
      const config = directory.write(
        'twice.yaml',
        `listeners: [{ address: "127.0.0.1:${port}" }, { address: ":${port}" }]\nroutes: [{ files: { root: ${site.root} } }]\nworkers: ${workers}\n`,
      );
      await failsToStart(['run', '-c', config], new RegExp(`:${port} is already in use`));
    });
  }

  test('port in use, of a server that has nothing to do with us', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await failsToStart(
      ['files', site.root, '--listen', `127.0.0.1:${port}`],
      new RegExp(`${port}.*(in use|already)`),
    );
    other.close();
  });

  test('missing root', async () => {
    const listen = `127.0.0.1:${await freePort()}`;
    await failsToStart(['files', directory.join('no-such-root'), '--listen', listen], /no-such-root/);
    const config = directory.write('no-root.yaml', 'routes: [{ files: { root: ./no-such-root } }]\n');
    await failsToStart(['run', '-c', config], /no-such-root/);
  });

  test('a root that is a file', async () => {
    const listen = `127.0.0.1:${await freePort()}`;
    await failsToStart(
      ['files', directory.write('plain.txt', ''), '--listen', listen],
      /plain\.txt.*directory/i,
    );
  });

  test('missing configuration file', async () => {
    await failsToStart(['run', '-c', directory.join('absent.yaml')], /absent\.yaml/);
  });

  test('an access log that cannot be opened', async () => {
    const config = directory.write(
      'log.yaml',
      'listeners: [{ address: "127.0.0.1:0" }]\nroutes: [{ respond: { status: 200 } }]\naccessLog: { path: ./no/log }\n',
    );
    await failsToStart(['run', '-c', config], /folder .*\/no does not exist/);
  });

  test('an access log that is a pipe without a reader', async () => {
    execFileSync('mkfifo', [directory.join('log.fifo')]);
    const config = directory.write(
      'fifo.yaml',
      'listeners: [{ address: "127.0.0.1:0" }]\nroutes: [{ respond: { status: 200 } }]\naccessLog: { path: log.fifo }\n',
    );
    await failsToStart(['run', '-c', config], /log\.fifo: this is a named pipe that nobody reads/);
  });

  for (const [what, path, expected] of [
    ['in a folder that is not there', './none/ds.sock', /: the folder \/\S+\/none does not exist$/],
    [
      'whose path is too long',
      `./${'x'.repeat(120)}`,
      /: the path .* at most 10[37] bytes, and this one 1\d\d$/,
    ],
    ['with a name that is too long', `./${'x'.repeat(300)}`, /x: the path, or a name in it, is too long$/],
    ['where a file is', './taken.sock', /: \/\S+\/taken\.sock is there already, and is no socket$/],
  ] as const) {
    test(`a unix socket ${what}`, async () => {
      directory.write('taken.sock', 'not to be lost');
      const config = directory.write(
        'socket.yaml',
        `listeners: ["unix:${path}"]\nroutes: [{ respond: ok }]\n`,
      );
      await failsToStart(['run', '-c', config], expected);
      assert.equal(readFileSync(directory.join('taken.sock'), 'utf8'), 'not to be lost');
    });
  }

  test('a configuration that cannot be read', async () => {
    mkdirSync(directory.join('folder.yaml'));
    await failsToStart(['run', '-c', directory.join('folder.yaml')], /folder\.yaml/);
  });

  test('more workers than the system gives threads', { skip: canLimitThreads }, async () => {
    const config = directory.write(
      'threads.yaml',
      'listeners: ["127.0.0.1:0"]\nworkers: 64\nroutes: [{ respond: ok }]\n',
    );
    await failsToStart(
      ['run', '-c', config],
      /the system gives no thread for worker \d+ \(EAGAIN\): set `workers` to fewer, such as 1, or raise/,
      { threads: 16 },
    );
  });

  for (const [what, text, expected] of [
    ['no YAML', 'routes: [\n', /invalid\.yaml/],
    ['an unknown key', 'rooots: []\n', /rooots/],
    ['a value of the wrong kind', 'workers: many\n', /workers/],
    ['a route with two ends', 'routes: [{ files: { root: . }, respond: { status: 200 } }]\n', /route/],
    ['a route with no end', 'routes: [{ match: { path: /a } }]\n', /route/],
    ['a proxy to an unknown upstream', 'routes: [{ proxy: { to: nowhere } }]\n', /nowhere/],
    ['a bad address', 'listeners: [{ address: "127.0.0.1:99999" }]\n', /99999/],
  ] as const) {
    test(`invalid configuration: ${what}`, async () => {
      const { code, lines } = await failure(['run', '-c', directory.write('invalid.yaml', text)]);
      assert.equal(code, 1, lines.join('\n'));
      assert.match(lines.join('\n'), expected);
      assert.doesNotMatch(lines.join('\n'), /^\s+at .*:\d+:\d+/m);
    });
  }
});

suite('bad usage exits with 2', () => {
  for (const args of [
    ['--no-such-option'],
    ['no-such-command'],
    ['proxy'],
    ['files', '.', '--listen', 'not an address'],
    ['proxy', 'not a url'],
    ['run', '-c'],
  ]) {
    test(`dreamserver ${args.join(' ')}`, async () => {
      const { code, lines } = await failure(args);
      assert.equal(code, 2, lines.join('\n'));
      assert.ok(lines.length > 0);
      assert.doesNotMatch(lines.join('\n'), /^\s+at .*:\d+:\d+/m);
    });
  }
});

suite('a start', () => {
  test('says where it listens, what it serves and where it logs', async () => {
    await using server = await startDreamServer({ routes: [{ files: { root: site.root } }] });
    const output = (): string => server.child.output;
    await server.child.untilOutput('the whole banner', () => /workers/i.test(output()));
    const banner = output();
    assert.match(banner, new RegExp(`127\\.0\\.0\\.1:${server.port}`));
    assert.ok(banner.includes(site.root), banner);
    assert.match(banner, /stdout|standard output/i);
  });

  test('without a command serves by the configuration of the folder that it is in', async () => {
    const port = await freePort();
    directory.write(
      'here/dreamserver.yaml',
      `listeners: [{ address: "127.0.0.1:${port}" }]\nroutes: [{ files: { root: ./public } }]\n`,
    );
    directory.write('here/public/index.html', 'configured\n');
    const child = dreamserver([], { cwd: directory.join('here') });
    await untilListening(child);
    assert.equal((await exchange(port, get('/'))).body.toString(), 'configured\n');
    assert.deepEqual(await child.stop(), { code: 0, signal: null });
  });

  test('without a command and a configuration serves ./staticfiles', async () => {
    const port = await freePort();
    directory.write('bare/staticfiles/index.html', 'static\n');
    const child = dreamserver(['--listen', `127.0.0.1:${port}`], { cwd: directory.join('bare') });
    await untilListening(child);
    assert.equal((await exchange(port, get('/'))).body.toString(), 'static\n');
    assert.deepEqual(await child.stop(), { code: 0, signal: null });
  });

  test('listens on several addresses: IPv6 and a unix socket too', async () => {
    const port = await freePort();
    const path = directory.join('several.sock');
    await using server = await startDreamServer({
      listeners: [
        { address: `127.0.0.1:${port}` },
        { address: `[::1]:${port}` },
        { address: `unix:${path}` },
      ],
      routes: [{ respond: { status: 200, body: 'ok' } }],
      workers: 2,
    });
    for (const where of [{ port, host: '127.0.0.1' }, { port, host: '::1' }, { path }]) {
      using client = await RawConnection.open(where);
      await client.send(get('/'));
      assert.equal((await client.response()).body.toString(), 'ok', JSON.stringify(where));
    }
    await server.stop();
    assert.ok(!existsSync(path), 'the socket is gone with its server');
  });

  test('is not kept from its unix socket by one that a killed server left behind', async () => {
    const path = directory.join('left.sock');
    const start = (): Promise<DreamServer> =>
      startDreamServer({
        listeners: [{ address: `unix:${path}` }],
        routes: [{ respond: { status: 200, body: 'ok' } }],
      });
    const first = await start();
    await first.stop('SIGKILL');
    await using second = await start();
    using client = await RawConnection.open({ path });
    await client.send(get('/'));
    assert.equal((await client.response()).body.toString(), 'ok');
    assert.ok(second.child.isRunning);
  });

  test('`files DIR` serves the directory', async () => {
    await using server = await startCommand('files', site.root);
    assert.equal((await exchange(server.port, get('/hello.txt'))).body.toString(), 'Hello, world.\n');
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

  test('`proxy URL` proxies to it', async () => {
    await using backend = await startCommand('files', site.root);
    await using server = await startCommand('proxy', backend.url);
    assert.equal((await exchange(server.port, get('/hello.txt'))).body.toString(), 'Hello, world.\n');
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

  test('routes by host and path, redirects and responds', async () => {
    await using server = await startDreamServer({
      routes: [
        { match: { host: 'old.example' }, redirect: { to: 'https://new.example{uri}', status: 308 } },
        { match: { path: '/health' }, respond: { status: 200, body: 'ok' } },
        { files: { root: site.root } },
      ],
    });
    const moved = await exchange(server.port, head('GET /a?b=c HTTP/1.1', 'Host: old.example'));
    assert.equal(moved.status, 308);
    assert.ok(
      moved.fields.some(([name, value]) => /^location$/i.test(name) && value === 'https://new.example/a?b=c'),
    );
    assert.equal((await exchange(server.port, get('/health'))).body.toString(), 'ok');
    assert.equal((await exchange(server.port, get('/hello.txt'))).body.toString(), 'Hello, world.\n');
  });
});
