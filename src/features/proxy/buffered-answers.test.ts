/** With `buffer: { response: on }` a backend is done with an answer as soon as it has sent it, however slow the client is. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { beforeEach, describe, it } from 'node:test';
import { chunk, get, head } from '../../../test/support/message.ts';
import { field } from '../../../test/support/parse-response.ts';
import { ProxyRig } from '../../../test/support/proxy-rig.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';
import { RequestReader } from '../../../test/support/request-reader.ts';
import { within } from '../../../test/support/until.ts';
import type { ElasticBounds } from './elastic-body.ts';

const MIB = 1024 * 1024;
/** More than the buffers of the system on the way hold. */
const BIG = 32 * MIB;

const rig = ProxyRig.perTest();

async function start(response?: ElasticBounds): Promise<void> {
  await rig.start({
    proxy: { buffer: { request: 'auto', response } },
    upstream: { pool: { max: 1, idleTimeout: 60_000 } },
  });
}

beforeEach(() => start({ memory: 64 * 1024, file: 1024 * MIB }));

/** The client asks, and reads nothing of the answer until it is told to. */
async function ask(request = get('/big')): Promise<RequestReader> {
  rig.client.socket.pause();
  await rig.client.send(request);
  const requests = new RequestReader(await rig.backend.accept());
  await requests.head();
  return requests;
}

const big = (): Buffer => Buffer.alloc(BIG, 'every byte has its place: ');
const sum = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('the answer to a client that does not read', () => {
  it('is taken from the backend whole, whose only connection then serves another; the client gets it later', async () => {
    const requests = await ask();
    const body = big();
    const before = process.memoryUsage().arrayBuffers;
    await requests.connection.send(head('HTTP/1.1 200 OK', `Content-Length: ${BIG}`));
    await within(60_000, 'all of it is taken', requests.connection.send(body));

    using other = await RawConnection.connect(rig.proxy.port);
    await other.send(get('/other'));
    assert.equal((await requests.head()).target, '/other');
    await requests.connection.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 2')}ok`);
    assert.equal((await other.response()).body.toString(), 'ok');
    assert.ok(process.memoryUsage().arrayBuffers - before < 16 * MIB, 'it does not lie in memory');

    rig.client.socket.resume();
    const response = await rig.client.response('GET', 60_000);
    assert.equal(sum(response.body), sum(body));
    const { bytes, error } =
      (await rig.proxy.server.untilLogged(2)).find(({ path }) => path === '/big') ?? {};
    assert.deepEqual({ bytes, error }, { bytes: BIG, error: undefined });
  });

  it('has its chunks and its trailers', async () => {
    const requests = await ask(get('/big', 'TE: trailers', 'Connection: TE'));
    const body = big();
    await requests.connection.send(head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Trailer: X-Sum'));
    const sending = requests.connection
      .send(chunk(body.toString('latin1')))
      .then(() => requests.connection.send('0\r\nX-Sum: 1\r\n\r\n'));
    await within(60_000, 'all of it is taken', sending);
    rig.client.socket.resume();
    await rig.client.untilUnread(BIG, 60_000);
    const response = await rig.client.response();
    assert.equal(sum(response.body), sum(body));
    assert.deepEqual(response.trailers, [['X-Sum', '1']]);
  });

  it('is given up when the client leaves', async () => {
    const requests = await ask();
    await requests.connection.send(head('HTTP/1.1 200 OK', `Content-Length: ${2 * BIG}`));
    await requests.connection.send(big());
    rig.client.reset();
    await within(10_000, 'the backend is left', requests.connection.ended);
    assert.equal((await rig.proxy.server.untilLogged(1))[0].error, 'client.gone');
  });

  it('whose backend dies in the middle: the client gets what has come, and sees that it is not whole', async () => {
    const requests = await ask();
    await requests.connection.send(head('HTTP/1.1 200 OK', `Content-Length: ${2 * BIG}`));
    await requests.connection.send(big());
    requests.connection.halfClose();
    rig.client.socket.resume();
    assert.equal(await within(60_000, 'the end', rig.client.ended), 'reset');
    const [{ status, bytes, error }] = await rig.proxy.server.untilLogged(1);
    assert.deepEqual({ status, error }, { status: 200, error: 'upstream.body-incomplete' });
    assert.equal(bytes, BIG);
  });

  it('waits in the backend past the bounds', async () => {
    rig.client.close();
    await rig.proxy[Symbol.asyncDispose]();
    await start({ memory: 64 * 1024, file: MIB });
    const requests = await ask();
    await requests.connection.send(head('HTTP/1.1 200 OK', `Content-Length: ${BIG}`));
    let done = false;
    const sending = requests.connection.send(big()).finally(() => {
      done = true;
    });
    using other = await RawConnection.connect(rig.proxy.port);
    await other.send(get('/other'));
    // The only connection is not free for it.
    assert.equal(await Promise.race([other.nextEvent(), rig.client.ended, moment()]), 'a moment');
    assert.equal(done, false);
    rig.client.socket.resume();
    assert.equal((await rig.client.response('GET', 60_000)).body.length, BIG);
    await sending;
    assert.equal((await requests.head()).target, '/other');
  });
});

/** So many turns of the event loop that what can be done is done. */
async function moment(): Promise<string> {
  for (let turn = 0; turn < 500; turn++) await new Promise(setImmediate);
  return 'a moment';
}

describe('an answer that is not to wait', () => {
  for (const line of ['Content-Type: text/event-stream; charset=utf-8', 'X-Accel-Buffering: no']) {
    it(`(${line}) keeps its backend at the pace of the client`, async () => {
      const requests = await ask();
      await requests.connection.send(head('HTTP/1.1 200 OK', `Content-Length: ${BIG}`, line));
      let done = false;
      const sending = requests.connection.send(big()).finally(() => {
        done = true;
      });
      await moment();
      assert.equal(done, false);
      rig.client.socket.resume();
      const response = await rig.client.response('GET', 60_000);
      assert.equal(response.body.length, BIG);
      await sending;
    });
  }
});

describe('an answer to a client that reads', () => {
  it('comes as it is sent, piece by piece', async () => {
    await rig.client.send(get('/'));
    const requests = new RequestReader(await rig.backend.accept());
    await requests.head();
    await requests.connection.send(head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'));
    assert.match(await rig.client.untilText('\r\n\r\n'), /^HTTP\/1\.1 200 OK\r\n/);
    for (const word of ['one', 'two', 'three']) {
      await requests.connection.send(chunk(word));
      await rig.client.untilText(word);
    }
    await requests.connection.send(chunk(''));
    assert.equal((await rig.client.response()).body.toString(), 'onetwothree');
  });

  it('may have no body', async () => {
    let requests: RequestReader | undefined;
    for (const [method, answer] of [
      ['HEAD', head('HTTP/1.1 200 OK', 'Content-Length: 12345')],
      ['GET', head('HTTP/1.1 304 Not Modified', 'ETag: "a"')],
      ['GET', head('HTTP/1.1 204 No Content')],
      ['GET', head('HTTP/1.1 200 OK', 'Content-Length: 0')],
    ]) {
      await rig.client.send(head(`${method} / HTTP/1.1`, 'Host: a'));
      requests ??= new RequestReader(await rig.backend.accept());
      assert.equal((await requests.head()).method, method);
      await requests.connection.send(answer);
      const response = await rig.client.response(method);
      assert.equal(`HTTP/1.1 ${response.status}`, answer.slice(0, 12));
      assert.equal(response.body.length, 0);
      if (method === 'HEAD') assert.equal(field(response, 'Content-Length'), '12345');
    }
  });
});
