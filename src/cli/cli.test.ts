import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Child } from '../../test/support/child.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../test/support/temp.ts';
import { version } from '../config/version.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

/** Runs a command line to its end. */
async function run(
  cwd: string,
  ...args: string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = new Child('dreamserver', process.execPath, [MAIN, ...args], { cwd });
  const { code } = await child.exited;
  return { code, stdout: child.stdout.join('\n'), stderr: child.stderr.join('\n') };
}

/** Starts a command line, waits until it listens, stops it, and returns what it said. */
async function start(cwd: string, ...args: string[]): Promise<string> {
  const child = new Child('dreamserver', process.execPath, [MAIN, ...args], { cwd });
  await child.untilOutput('it listens', () => child.stderr.some((line) => line.includes('listening')));
  assert.deepEqual(await child.stop(), { code: 0, signal: null });
  assert.equal(child.stdout.join('\n'), '', 'standard output is for the log');
  return child.stderr.join('\n');
}

describe('help and version', () => {
  test('are printed on standard output, and all is fine', async () => {
    for (const flag of ['--version', '-v']) {
      assert.deepEqual(await run('.', flag), { code: 0, stdout: version, stderr: '' });
    }
    const { code, stdout } = await run('.', '--help');
    assert.equal(code, 0);
    for (const command of ['run', 'files', 'proxy', 'check', 'explain']) {
      assert.match(stdout, new RegExp(`^ {2}${command} `, 'm'));
      assert.equal((await run('.', command, '--help')).code, 0);
    }
  });
});

describe('bad usage', () => {
  for (const [args, expected] of [
    [['serve'], /there is no command `serve`; dreamserver --help lists them/],
    [['file'], /did you mean `files`\?/],
    [['..'], /a folder is served by `dreamserver files \.\.`/],
    [['http://a'], /passed on by `dreamserver proxy http:\/\/a`/],
    [['--lisen', ':80'], /unknown option '--lisen'.*did you mean --listen/is],
    [['files', '--port', '3000'], /^error: unknown option '--port'\n\(where to listen is --listen ADDRESS/],
    [
      ['proxy', '-p', '3000', 'http://a'],
      /^error: unknown option '-p'\n\(where to listen is --listen ADDRESS/,
    ],
    [['check', '--port'], /^error: unknown option '--port'\n(?!\(where to listen)/],
    [['files', '.', '--watsh'], /did you mean --watch.*\(dreamserver files --help tells more\)/is],
    [['files', '.', '--listen', '8080'], /--listen 8080: a port alone is written with a colon: `:8080`/],
    [['proxy', 'http://a', 'b'], /expected a URL such as/],
    [['check'], /name a file/],
  ] as const) {
    test(`dreamserver ${args.join(' ')}`, async () => {
      using directory = temporaryDirectory();
      const { code, stderr } = await run(directory.path, ...args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, expected);
    });
  }
});

describe('dreamserver check', () => {
  test('says that a configuration is fine', async () => {
    using directory = temporaryDirectory();
    directory.write(
      'dreamserver.yaml',
      'routes: [{ match: { path: /api/* }, proxy: "http://127.0.0.1:1" }, { files: . }]',
    );
    assert.deepEqual(await run(directory.path, 'check'), {
      code: 0,
      stdout: 'dreamserver.yaml is fine: 1 listener, 2 routes, 1 upstream',
      stderr: '',
    });
  });

  test('tells every mistake and exits 1', async () => {
    using directory = temporaryDirectory();
    directory.write('site.yaml', 'listeners: [":x"]\nroutes: [{ flies: . }]\n');
    const { code, stdout, stderr } = await run(directory.path, 'check', 'site.yaml');
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^site\.yaml:1:13: .*\n> 1 \|/m);
    assert.match(stderr, /^site\.yaml:2:12: unknown key `flies`; did you mean `files`\?/m);
  });
});

describe('dreamserver without a command', () => {
  test('runs the configuration of the folder, on other addresses where told to', async () => {
    using directory = temporaryDirectory();
    directory.write('dreamserver.json', '{ "listeners": ["192.0.2.1:80"], "routes": [{ "respond": "ok" }] }');
    const said = await start(directory.path, '--listen', '127.0.0.1:0', '--listen', 'localhost:0');
    assert.match(said, /http:\/\/127\.0\.0\.1:\d+\n +http:\/\/localhost:\d+\n/);
    assert.match(said, /\/\* {2}→ {2}respond 200/);
  });

  test('serves staticfiles where there is no configuration', async () => {
    using directory = temporaryDirectory();
    directory.write('staticfiles/index.html', 'hello');
    assert.match(await start(directory.path, '--listen', '127.0.0.1:0'), /files .*\/staticfiles\n/);
  });

  test('says what it needs where there is nothing', async () => {
    using directory = temporaryDirectory();
    const { code, stderr } = await run(directory.path);
    assert.equal(code, 1);
    assert.match(stderr, /^dreamserver: there is neither a dreamserver\.yaml nor a folder staticfiles here/);
  });
});

describe('a working directory that has been removed', () => {
  /** Runs a command line, or the start of one, in a directory that is gone by then. */
  const lost = (directory: TemporaryDirectory, ...args: string[]): Child => {
    mkdirSync(directory.join('gone'));
    const script = 'rmdir "$PWD" && exec "$0" "$@"';
    return new Child('dreamserver', 'sh', ['-c', script, process.execPath, MAIN, ...args], {
      cwd: directory.join('gone'),
    });
  };

  for (const workers of [1, 2]) {
    test(`is not needed for a configuration with its whole path: ${workers} worker(s)`, async () => {
      using directory = temporaryDirectory();
      directory.write('site/index.html', '');
      const file = directory.write(
        'dreamserver.yaml',
        `listeners: ["127.0.0.1:0"]\nworkers: ${workers}\nroutes: [{ files: site }]\naccessLog: { path: access.log }`,
      );
      const check = lost(directory, 'check', file);
      assert.deepEqual(await check.exited, { code: 0, signal: null }, check.stderr.join('\n'));
      assert.deepEqual(check.stdout, [`${file} is fine: 1 listener, 1 route, 0 upstreams`]);
      const child = lost(directory, 'run', '-c', file);
      await child.untilOutput('it listens', () => child.stderr.some((line) => line.includes('listening')));
      assert.deepEqual(await child.stop(), { code: 0, signal: null });
      const said = child.stderr.join('\n');
      assert.ok(said.includes(directory.join('site')), said);
      assert.ok(existsSync(directory.join('access.log')), 'paths start at the folder of the file');
    });
  }

  for (const args of [
    [],
    ['run'],
    ['run', '-c', 'dreamserver.yaml'],
    ['check'],
    ['check', 'dreamserver.yaml'],
    ['files'],
    ['proxy', 'http://127.0.0.1:1'],
  ]) {
    test(`is told in one line by dreamserver ${args.join(' ')}`, async () => {
      using directory = temporaryDirectory();
      const child = lost(directory, ...args);
      assert.deepEqual(await child.exited, { code: 1, signal: null });
      assert.deepEqual(child.stderr, ['dreamserver: the working directory does not exist any more']);
    });
  }
});
