/** Downloads that were killed on the way go on where they stopped, and come to the right bytes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { writeBigFile } from '../support/big-file.ts';
import { Child } from '../support/child.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { head } from '../support/message.ts';
import { program, requires } from '../support/packages.ts';
import { field } from '../support/parse-response.ts';
import { exchange } from '../support/raw-connection.ts';
import { pseudoRandom, sha256OfFile } from '../support/sha256.ts';
import { temporaryDirectory } from '../support/temp.ts';
import { until } from '../support/until.ts';

const SIZE = 200 * 2 ** 20 + 12_345;
const ARRIVED = 70 * 2 ** 20;

suite('a download that was killed', () => {
  const resources = new AsyncDisposableStack();
  const site = resources.use(temporaryDirectory());
  const file = site.join('big.bin');
  let server: DreamServer;
  let digest: string;

  before(async () => {
    writeBigFile(file, SIZE);
    digest = await sha256OfFile(file);
    server = resources.use(await startDreamServer({ routes: [{ files: { root: site.path } }], workers: 1 }));
  });
  after(() => resources.disposeAsync());

  test('is resumed by curl -C -', { skip: requires('curl') }, async () => {
    using downloads = temporaryDirectory();
    const partial = downloads.join('big.bin');
    await startAndKill('curl', ['--silent'], partial);
    assert.equal(await resumeWithCurl(partial, `${server.url}/big.bin`), 0);
    await assertResumed(partial);
  });

  test('is resumed by wget -c', { skip: requires('wget') }, async () => {
    using downloads = temporaryDirectory();
    const partial = downloads.join('big.bin');
    await startAndKill('wget', ['--quiet', '--output-document=-'], partial);
    const args = ['-c', '--no-verbose', '--tries=1', `--directory-prefix=${downloads.path}`];
    const wget = new Child('wget', program('wget'), [...args, `${server.url}/big.bin`]);
    assert.equal((await wget.exited).code, 0, wget.output);
    await assertResumed(partial);
  });

  test(
    'is not mixed with a file that has come in its place, where If-Range is sent',
    { skip: requires('curl') },
    async () => {
      using downloads = temporaryDirectory();
      const partial = downloads.join('other.bin');
      const [one, other] = [1, 2].map((seed) => pseudoRandom(1_000_000, seed));
      const begun = Buffer.from(one).subarray(0, 300_000);
      site.write('other.bin', one);
      const tag = await entityTag('/other.bin');
      const args = ['-H', `If-Range: ${tag}`, `${server.url}/other.bin`];

      writeFileSync(partial, begun);
      assert.equal(await resumeWithCurl(partial, ...args), 0);
      assert.ok(readFileSync(partial).equals(one), 'it goes on while the file is the same');

      writeFileSync(partial, begun);
      site.write('other.bin-next', other);
      renameSync(site.join('other.bin-next'), site.join('other.bin'));
      await until(async () => (await entityTag('/other.bin')) !== tag, { what: 'the other file is served' });
      // The whole file comes where a part was asked for, and that curl cannot put behind what it has.
      assert.equal(await resumeWithCurl(partial, ...args), 33);
      assert.ok(readFileSync(partial).equals(begun), 'nothing was put behind it');
    },
  );

  /** What curl ends with. */
  async function resumeWithCurl(path: string, ...args: readonly string[]): Promise<number | null> {
    const curl = new Child('curl', program('curl'), ['--silent', '-C', '-', '-o', path, ...args]);
    return (await curl.exited).code;
  }

  async function entityTag(target: string): Promise<string> {
    const response = await exchange(server.port, head(`HEAD ${target} HTTP/1.1`, 'Host: localhost'));
    return field(response, 'ETag') ?? '';
  }

  /** Downloads to standard output, keeps what comes, and kills the client once enough has: it cannot be done before. */
  async function startAndKill(name: string, args: readonly string[], path: string): Promise<void> {
    const client = spawn(program(name), [...args, `${server.url}/big.bin`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(client, 'exit');
    writeFileSync(path, '');
    let arrived = 0;
    for await (const piece of client.stdout as AsyncIterable<Buffer>) {
      writeFileSync(path, piece, { flag: 'a' });
      arrived += piece.length;
      if (arrived < ARRIVED) continue;
      client.kill('SIGKILL');
      break;
    }
    assert.deepEqual(await exited, [null, 'SIGKILL']);
    assert.equal(statSync(path).size, arrived);
  }

  async function assertResumed(path: string): Promise<void> {
    assert.equal(await sha256OfFile(path), digest);
    const entries = await server.child.untilOutput('the rest is logged', () => {
      const parts = server.requests.filter(({ status, path }) => path === '/big.bin' && status === '206');
      return parts.length > resumed && parts;
    });
    resumed = entries.length;
    const rest = Number(entries.at(-1)?.bytes);
    assert.ok(rest > 0 && rest <= SIZE - ARRIVED, `${rest} bytes were sent again`);
  }
  let resumed = 0;
});
