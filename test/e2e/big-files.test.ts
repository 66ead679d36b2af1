/** 2 GiB through files and through the proxy: every byte, in little memory, whether the client is fast or stands still. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { after, before, suite, test, type TestContext } from 'node:test';
import { writeBigFile } from '../support/big-file.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { MemoryWatch, untilAtRest } from '../support/memory.ts';
import { get } from '../support/message.ts';
import { Nginx } from '../support/nginx.ts';
import { requires } from '../support/packages.ts';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { sha256OfFile, sha256OfStream } from '../support/sha256.ts';
import { type Site, temporarySite } from '../support/site.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

const SIZE = 2 ** 31;
const ALLOWED_GROWTH = 64 << 20;
const SLOW_READERS = 8;

suite('a file of 2 GiB', () => {
  let site: Site;
  let digest: string;

  before(async () => {
    site = resources.use(temporarySite());
    const path = site.write('big.bin', '');
    writeBigFile(path, SIZE);
    digest = await sha256OfFile(path);
  });

  suite('through files', () => {
    const start = (): Promise<DreamServer> =>
      startDreamServer({
        routes: [{ files: { root: site.root } }],
        timeouts: { writeStall: '10m', shutdown: '100ms' },
        workers: 1,
      });

    arrivesInLittleMemory(start);

    test('can be asked for in parts beyond 32 bits', async () => {
      await using server = await start();
      const response = await exchange(server.port, get('/big.bin', `Range: bytes=${SIZE - 5}-`));
      assert.equal(response.status, 206);
      assert.equal(response.body.length, 5);
    });
  });

  suite('through the proxy', { skip: requires('nginx') }, () => {
    let nginx: Nginx;
    before(async () => {
      nginx = resources.use(await Nginx.start({ root: site.root }));
    });

    const start = (): Promise<DreamServer> =>
      startDreamServer({
        upstreams: { nginx: { servers: [nginx.url], timeouts: { idle: '10m' } } },
        routes: [{ proxy: { to: 'nginx' } }],
        timeouts: { writeStall: '10m', shutdown: '100ms' },
        workers: 1,
      });

    arrivesInLittleMemory(start);
  });

  function arrivesInLittleMemory(start: () => Promise<DreamServer>): void {
    test('arrives whole, in little memory', async (context) => {
      await using server = await start();
      await arrivesWhole(server, context);
    });

    test('waits for readers that stand still, in little memory', async (context) => {
      await using server = await start();
      await waitsForSlowReaders(server, context);
    });
  }

  function tellGrowth(memory: MemoryWatch, context: TestContext): void {
    context.diagnostic(`memory ${memory.start >> 20} MiB at rest, grew by ${memory.growth >> 20} MiB`);
    assert.ok(memory.growth < ALLOWED_GROWTH, `grew by ${memory.growth >> 20} MiB`);
  }

  async function arrivesWhole(server: DreamServer, context: TestContext): Promise<void> {
    await exchange(server.port, get('/hello.txt'));
    using memory = new MemoryWatch(server.pid);
    const asking = request(`${server.url}/big.bin`).end();
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    assert.equal(response.statusCode, 200);
    assert.equal(response.headers['content-length'], String(SIZE));
    assert.equal(await sha256OfStream(response), digest);
    tellGrowth(memory, context);
  }

  async function waitsForSlowReaders(server: DreamServer, context: TestContext): Promise<void> {
    await exchange(server.port, get('/hello.txt'));
    using memory = new MemoryWatch(server.pid);
    const readers: RawConnection[] = [];
    for (let count = 0; count < SLOW_READERS; count++) {
      const reader = await RawConnection.connect(server.port);
      await reader.send(get('/big.bin'));
      await reader.untilUnread(1 << 20);
      reader.socket.pause();
      readers.push(reader);
    }
    await untilAtRest(server.pid, 'DreamServer with its slow readers');
    assert.ok(memory.growth < ALLOWED_GROWTH, `grew by ${memory.growth >> 20} MiB`);
    assert.equal((await exchange(server.port, get('/hello.txt'))).status, 200, 'others are served');

    const [first] = readers;
    first.socket.resume();
    await first.untilUnread(32 << 20);
    first.socket.pause();
    tellGrowth(memory, context);
    for (const reader of readers) reader.close();
  }
});
