/** The package as users have it: what `npm run build` makes, in a folder with the packages that it depends on, and no others. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Child } from '../support/child.ts';
import { untilListening } from '../support/dreamserver.ts';
import { get } from '../support/message.ts';
import { freePort } from '../support/ports.ts';
import { exchange } from '../support/raw-connection.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temp.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const { version, bin, dependencies } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
  version: string;
  bin: { dreamserver: string };
  dependencies: Record<string, string>;
};

suite('the built package', () => {
  let project: TemporaryDirectory;
  before(() => {
    project = temporaryDirectory();
    const installed = project.join('node_modules', 'dreamserver');
    execFileSync(process.execPath, [join(repository, 'build.ts'), join(installed, 'dist')]);
    copyFileSync(join(repository, 'package.json'), join(installed, 'package.json'));
    for (const name of Object.keys(dependencies)) {
      const place = project.join('node_modules', name);
      mkdirSync(dirname(place), { recursive: true });
      symlinkSync(join(repository, 'node_modules', name), place);
    }
    project.write('site/index.html', '<h1>Hello</h1>\n');
  });
  after(() => project.remove());

  const command = (...args: string[]): Child =>
    new Child('dreamserver', project.join('node_modules', 'dreamserver', bin.dreamserver), args, {
      cwd: project.path,
    });

  test('tells its version', async () => {
    const child = command('--version');
    assert.deepEqual(await child.exited, { code: 0, signal: null });
    assert.deepEqual(child.stdout, [version]);
  });

  for (const workers of [1, 2]) {
    test(`serves a configuration that imports it, with ${workers} worker(s)`, async () => {
      const port = await freePort();
      project.write(
        'dreamserver.config.mjs',
        `import { defineConfig, files, route } from 'dreamserver';
export default defineConfig({
  listeners: ['127.0.0.1:${port}'], workers: ${workers}, routes: [route('/*', files('./site'))],
});\n`,
      );
      const child = command('run', '-c', 'dreamserver.config.mjs');
      await untilListening(child);
      const { status, body } = await exchange(port, get('/'));
      assert.equal(status, 200);
      assert.equal(body.toString(), '<h1>Hello</h1>\n');
      assert.equal((await child.stop('SIGTERM')).code, 0);
    });
  }

  test('tells the place of a mistake in a configuration', async () => {
    project.write('wrong.yaml', 'listeners: [127.0.0.1:1]\nrouts: []\n');
    const child = command('check', 'wrong.yaml');
    assert.equal((await child.exited).code, 1);
    assert.match(child.stderr.join('\n'), /^wrong\.yaml:2:1: .*routs/m);
  });

  test('is a library', async () => {
    project.write(
      'serve.mjs',
      `import { createServer, respond, version } from 'dreamserver';
const server = createServer({ listeners: ['127.0.0.1:0'], accessLog: { path: 'access.log' }, routes: [respond(version)] });
await server.listen();
const [{ port }] = server.addresses;
process.stdout.write(await (await fetch('http://127.0.0.1:' + port)).text());
await server.close();\n`,
    );
    const output = execFileSync(process.execPath, [project.join('serve.mjs')], { cwd: project.path });
    assert.equal(output.toString(), version);
  });
});
