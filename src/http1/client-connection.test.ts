/** One connection to a server that may behave in any way: what its answer is taken for, and when it is not one. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { chunk, head } from '../../test/support/message.ts';
import { upstreamOptions, upstreamServer } from '../../test/support/proxy-server.ts';
import { RawBackend } from '../../test/support/raw-backend.ts';
import type { RawConnection } from '../../test/support/raw-connection.ts';
import {
  bodyOf,
  deafRequester,
  exchangeOver,
  outgoing,
  Taker,
  type Outcome,
} from '../../test/support/upstream-exchange.ts';
import { until, within } from '../../test/support/until.ts';
import { emptyBody, type BodySource } from '../http/body.ts';
import { ServerPool } from '../upstream/pool.ts';
import type { ClientConnection } from './client-connection.ts';

const OK = head('HTTP/1.1 200 OK', 'Content-Length: 0');
const TIMEOUTS = { connect: 10_000, firstByte: 10_000, idle: 10_000 };

let backend: RawBackend;
let pool: ServerPool;
let connection: ClientConnection;
let peer: RawConnection;

function disconnect(): void {
  backend[Symbol.dispose]();
  pool.close();
}

/** Another backend, another pool, another connection. */
async function reconnect(timeouts: Partial<typeof TIMEOUTS> = {}): Promise<void> {
  disconnect();
  await connectWith(timeouts);
}

async function connectWith(timeouts: Partial<typeof TIMEOUTS> = {}): Promise<void> {
  backend = await RawBackend.start();
  const options = upstreamOptions([backend.url], { timeouts: { ...TIMEOUTS, ...timeouts } });
  pool = new ServerPool(upstreamServer(backend.url), options, () => {});
  connection = await new Taker(pool).connection;
  peer = await backend.accept();
}

beforeEach(() => connectWith());
afterEach(disconnect);

/** What becomes of a request whose answer is these bytes, and then, as the test says, the end. */
async function answered(bytes: string, { method = 'GET', end = false } = {}): Promise<Outcome> {
  const outcome = exchangeOver(connection, method);
  await peer.untilText('\r\n\r\n');
  await peer.send(bytes);
  if (end) peer.halfClose();
  return outcome;
}

/** Whether the pool has the connection for another request. */
async function isKept(): Promise<boolean> {
  const next = await new Taker(pool).connection;
  return next === connection;
}

describe('an answer', () => {
  it('ends by its length, by its chunks, or with the connection, and only then can the connection serve another', async () => {
    const cases = [
      [`${head('HTTP/1.1 200 OK', 'Content-Length: 5')}hello`, true],
      [head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked') + chunk('hel') + chunk('lo') + chunk(''), true],
      [`${head('HTTP/1.0 200 OK', 'Content-Length: 5', 'Connection: keep-alive')}hello`, true],
      [`${head('HTTP/1.0 200 OK', 'Content-Length: 5')}hello`, false],
      [`${head('HTTP/1.1 200 OK', 'Content-Length: 5', 'Connection: close')}hello`, false],
      [`${head('HTTP/1.1 200 OK')}hello`, false],
    ] as const;
    for (const [bytes, kept] of cases) {
      const { body } = await answered(bytes, { end: bytes.startsWith(head('HTTP/1.1 200 OK')) });
      assert.equal(body, 'hello');
      assert.equal(await isKept(), kept, bytes);
      await reconnect();
    }
  });

  it('to HEAD, and one of 204 or 304, ends with its head', async () => {
    for (const [method, status, field, kept] of [
      ['HEAD', 200, 'Content-Length: 5', true],
      ['GET', 304, 'Content-Length: 5', true],
      ['GET', 204, 'Content-Length: 0', true],
      // Others may see a body behind these.
      ['GET', 204, 'Content-Length: 5', false],
      ['GET', 204, 'Transfer-Encoding: chunked', false],
      ['HEAD', 200, 'Content-Length: five', false],
    ] as const) {
      const outcome = exchangeOver(connection, method);
      await peer.untilText('\r\n\r\n');
      await peer.send(head(`HTTP/1.1 ${status} `, field));
      assert.equal((await outcome).body, '');
      assert.equal(await isKept(), kept, `${method} ${status} ${field}`);
      if (!kept) await reconnect();
    }
  });

  it('comes after interim ones, which are passed over (RFC 9110 §15.2)', async () => {
    const hints = head('HTTP/1.1 103 Early Hints', 'Link: </a>');
    const outcome = await answered(head('HTTP/1.1 100 Continue') + hints + hints + OK);
    assert.equal(outcome.head?.status, 200);
    assert.equal(outcome.head?.headers.get('link'), undefined);
  });

  it('is the same however its bytes are cut', async () => {
    const bytes =
      head('HTTP/1.1 103 A') +
      head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked') +
      chunk('hel') +
      chunk('lo') +
      chunk('');
    const outcome = exchangeOver(connection);
    await peer.untilText('\r\n\r\n');
    await peer.sendByteByByte(bytes);
    assert.equal((await outcome).body, 'hello');
  });

  it('with bytes behind it leaves a doubt, and the connection is closed', async () => {
    assert.equal((await answered(`${OK}HTTP`)).head?.status, 200);
    assert.equal(await isKept(), false);
  });

  it('whose reader gives up at its last piece leaves the connection to nobody', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    connection.send(outgoing(), null, {
      ...deafRequester,
      responded(_, body) {
        body.flow({
          data() {
            body.cancel();
            resolve();
            return true;
          },
          end: () => assert.fail('ended'),
          fail: () => assert.fail('failed'),
        });
      },
      failed: () => assert.fail('failed'),
    });
    await peer.untilText('\r\n\r\n');
    await peer.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 5')}hello`);
    await promise;
    assert.equal(await isKept(), false);
    await within(10_000, 'the end', peer.ended);
  });

  it('before the request is all sent ends the exchange, and the connection', async () => {
    let cancelled = false;
    const endless: BodySource = {
      ...emptyBody,
      length: undefined,
      flow: (sink) => sink.data(Buffer.from('a')),
      cancel: () => {
        cancelled = true;
      },
    };
    const outcome = exchangeOver(connection, 'POST', endless);
    await peer.untilText('1\r\na\r\n');
    await peer.send(`${head('HTTP/1.1 413 Content Too Large', 'Content-Length: 2')}no`);
    assert.equal((await outcome).body, 'no');
    await peer.ended;
    await until(() => cancelled, { what: 'the request body is cancelled' });
  });
});

describe('what is no answer', () => {
  const fails = async (bytes: string, end = false): Promise<Outcome> => {
    const outcome = await answered(bytes, { end });
    await within(10_000, 'the connection is closed', peer.ended);
    return outcome;
  };

  it('is malformed', async () => {
    assert.deepEqual(await fails('SSH-2.0-OpenSSH\r\n'), {
      failed: 'upstream.malformed-response',
      silent: false,
      detail: 'http1.status-line.malformed',
    });
  });

  it('has a malformed field, and the rule is told', async () => {
    const { failed, detail } = await fails(head('HTTP/1.1 200 OK', 'A : b'));
    assert.deepEqual([failed, detail], ['upstream.malformed-response', 'http1.field.space-before-colon']);
  });

  it('has no certain end (RFC 9112 §6.3)', async () => {
    const { failed, detail } = await fails(
      head('HTTP/1.1 200 OK', 'Content-Length: 5', 'Transfer-Encoding: chunked') + chunk('a'),
    );
    assert.deepEqual([failed, detail], ['upstream.ambiguous-framing', 'http1.framing.length-and-coding']);
  });

  it('switches to a protocol that nobody asked for', async () => {
    const { failed, detail } = await fails(
      head('HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket') + OK,
    );
    assert.deepEqual([failed, detail], ['upstream.unexpected-upgrade', undefined]);
  });

  it('has an endless head', async () => {
    assert.equal(
      (await fails(`HTTP/1.1 200 OK\r\nA: ${'a'.repeat(70_000)}`)).failed,
      'upstream.response-too-large',
    );
  });

  it('is silence: the server closes without a byte', async () => {
    assert.deepEqual(await fails('', true), {
      failed: 'upstream.closed-early',
      silent: true,
      detail: undefined,
    });
  });

  it('is silence: the server resets the connection', async () => {
    const outcome = exchangeOver(connection);
    await peer.untilText('\r\n\r\n');
    peer.reset();
    assert.deepEqual(await outcome, { failed: 'upstream.reset', silent: true, detail: 'ECONNRESET' });
  });

  it('is half a head', async () => {
    assert.deepEqual(await fails('HTTP/1.1 200 OK\r\n', true), {
      failed: 'upstream.body-incomplete',
      silent: false,
      detail: undefined,
    });
  });
});

describe('a body that does not come to its end', () => {
  it('fails where the server closes, or resets', async () => {
    for (const framing of ['Content-Length: 10', 'Transfer-Encoding: chunked']) {
      assert.equal(
        (await answered(head('HTTP/1.1 200 OK', framing) + chunk('a'), { end: true })).body,
        'upstream.body-incomplete',
      );
      await reconnect();
    }
    const outcome = exchangeOver(connection);
    await peer.untilText('\r\n\r\n');
    await peer.send(`${head('HTTP/1.1 200 OK')}until`);
    peer.reset();
    assert.equal((await outcome).body, 'upstream.reset');
  });

  it('fails where its chunks are malformed', async () => {
    assert.equal(
      (await answered(`${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}x\r\n`)).body,
      'upstream.malformed-response',
    );
  });
});

describe('a server that takes its time', () => {
  const SOON = 200;

  it('is waited for until the first byte of its answer', async () => {
    await reconnect({ firstByte: SOON });
    const { failed, silent } = await exchangeOver(connection);
    assert.deepEqual([failed, silent], ['upstream.first-byte-timeout', false]);
    await peer.ended;
  });

  it('has that time from the last byte of the request on', async () => {
    await reconnect({ firstByte: SOON });
    let finish = (): void => {};
    const slow: BodySource = {
      ...emptyBody,
      length: 5,
      flow(sink) {
        finish = () => {
          sink.data(Buffer.from('hello'));
          sink.end();
        };
      },
    };
    const outcome = exchangeOver(connection, 'POST', slow);
    // Another request over another connection times out meanwhile: so much time has passed.
    const other = await exchangeOver(await new Taker(pool).connection);
    assert.equal(other.failed, 'upstream.first-byte-timeout');
    finish();
    await peer.untilText('hello');
    await peer.send(OK);
    assert.equal((await outcome).head?.status, 200);
  });

  it('is waited for between two pieces of its answer, of the head as of the body', async () => {
    for (const [bytes, field] of [
      ['HTTP/1.1 200 OK\r\n', 'failed'],
      [`${head('HTTP/1.1 200 OK')}hello`, 'body'],
    ] as const) {
      await reconnect({ idle: SOON });
      assert.equal((await answered(bytes))[field], 'upstream.idle-timeout');
      await peer.ended;
    }
  });

  it('has no time to keep while nobody reads its answer', async () => {
    await reconnect({ idle: SOON });
    const { promise, resolve } = Promise.withResolvers<BodySource>();
    connection.send(outgoing(), null, {
      ...deafRequester,
      responded: (_, body) => resolve(body),
      failed: () => assert.fail('failed'),
    });
    await peer.untilText('\r\n\r\n');
    await peer.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 10')}hello`);
    const body = await promise;
    let full = true;
    const pieces: string[] = [];
    const { promise: ended, resolve: end } = Promise.withResolvers<string>();
    body.flow({
      data(piece) {
        pieces.push(piece.toString());
        return !full;
      },
      end: () => end('end'),
      fail: ({ code }) => end(code),
    });
    const other = exchangeOver(await new Taker(pool).connection);
    const otherPeer = await backend.accept();
    await otherPeer.send('HTTP/1.1 ');
    assert.equal((await other).failed, 'upstream.idle-timeout', 'time has passed');
    full = false;
    body.resume();
    await peer.send('again');
    assert.equal(await ended, 'end');
    assert.deepEqual(pieces, ['hello', 'again']);
  });

  it('in taking the request is waited for as long as in giving the answer', async () => {
    await reconnect({ idle: SOON });
    peer.socket.pause();
    const { failed, silent } = await exchangeOver(connection, 'POST', bodyOf(['x'.repeat(32 << 20)]));
    assert.deepEqual([failed, silent], ['upstream.idle-timeout', false]);
  });
});
