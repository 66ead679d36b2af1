/**
 * Slow attacks: a client that is never silent for long enough to time out, and yet gets nowhere. Past its patience it has
 * to keep up a rate. And the number of requests that a connection may make.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HandlerServer, type HandlerServerOptions } from '../../test/support/handler-server.ts';
import { chunk, get, head } from '../../test/support/message.ts';
import { field } from '../../test/support/parse-response.ts';
import { RawConnection } from '../../test/support/raw-connection.ts';
import { until } from '../../test/support/until.ts';
import { readAll } from '../http/body.ts';
import { Response } from '../http/response.ts';
import type { Exchange } from '../pipeline/exchange.ts';

/** Milliseconds; the clock is coarse, 100 ms. */
const SOON = 300;

const reading = async ({ body }: Exchange): Promise<Response> =>
  new Response(200, undefined, Buffer.from(String((await readAll(body, 1 << 20)).length)));

async function withServer(
  options: HandlerServerOptions,
  handler: (exchange: Exchange) => Response | Promise<Response>,
  test: (client: RawConnection, server: HandlerServer) => Promise<void>,
): Promise<void> {
  await using server = await HandlerServer.start(handler, options);
  using client = await RawConnection.connect(server.port);
  await test(client, server);
}

/** Sends a piece every 20 ms until it is stopped. */
function trickle(client: RawConnection, piece: string): Disposable {
  const timer = setInterval(() => void client.send(piece).catch(() => {}), 20);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

describe('a body that trickles', () => {
  for (const [kind, fields, piece] of [
    ['with a length', 'Content-Length: 100000', 'a'],
    ['in chunks', 'Transfer-Encoding: chunked', chunk('a')],
  ] as const) {
    it(`${kind} is cut off with 408 when its patience is used up`, async () => {
      const options = { timeouts: { bodyIdle: SOON }, limits: { minDataRate: 10_000 } };
      await withServer(options, reading, async (client, server) => {
        await client.send(head('POST / HTTP/1.1', 'Host: a', fields));
        using _ = trickle(client, piece);
        assert.equal((await client.response('POST')).status, 408);
        assert.equal((await server.untilLogged(1))[0].error, 'http1.timeout.body');
      });
    });
  }

  it('fast enough is read to its end', async () => {
    const options = { timeouts: { bodyIdle: SOON }, limits: { minDataRate: 100 } };
    await withServer(options, reading, async (client) => {
      await client.send(head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 400'));
      const start = performance.now();
      let left = 400;
      while (left > 0) {
        await client.send('a'.repeat(10));
        left -= 10;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.equal((await client.response('POST')).body.toString(), '400');
      assert.ok(performance.now() - start > 2 * SOON, 'it took longer than the patience');
    });
  });

  it('is cut off also behind a burst that would have earned it hours', async () => {
    const options = { timeouts: { bodyIdle: SOON }, limits: { minDataRate: 1000 } };
    await withServer(options, reading, async (client) => {
      await client.send(head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 1000000') + 'x'.repeat(500_000));
      using _ = trickle(client, 'a');
      assert.equal((await client.response('POST')).status, 408);
    });
  });

  it('is cut off also where each piece is stored before the next is asked for', async () => {
    const options = { timeouts: { bodyIdle: SOON }, limits: { minDataRate: 10_000 } };
    // As a body that is collected in a file: after each piece there is a pause of ours.
    const storing = ({ body }: Exchange): Promise<Response> =>
      new Promise((resolve) => {
        body.flow({
          data: () => {
            setImmediate(() => body.resume());
            return false;
          },
          end: () => resolve(new Response(200)),
          fail: ({ code }) => resolve(new Response(code === 'http1.timeout.body' ? 408 : 400)),
        });
      });
    await withServer(options, storing, async (client) => {
      await client.send(head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 100000'));
      using _ = trickle(client, 'a');
      assert.equal((await client.response('POST')).status, 408);
    });
  });

  it('has only the time that it is waited for counted', async () => {
    const options = { timeouts: { bodyIdle: SOON, headers: 2 * SOON }, limits: { minDataRate: 10_000 } };
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const later = async (exchange: Exchange): Promise<Response> => {
      await asked;
      return reading(exchange);
    };
    await withServer(options, later, async (client, server) => {
      await client.send(head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 5'));
      using silent = await RawConnection.connect(server.port);
      await silent.end();
      ask();
      await client.send('hello');
      assert.equal((await client.response('POST')).body.toString(), '5');
    });
  });
});

describe('an answer that is sipped', () => {
  const large = Buffer.alloc(64 << 20, 'x');

  it('is broken off when less is taken in each spell than the rate asks for', async () => {
    const options = { timeouts: { writeStall: SOON }, limits: { minDataRate: 1e9 } };
    await withServer(
      options,
      () => new Response(200, undefined, large),
      async (client, server) => {
        // One buffer's worth at a time is taken, so that there is always some progress.
        let slow = true;
        client.socket.on('data', () => slow && client.socket.pause());
        const sips = setInterval(() => client.socket.resume(), 50);
        await client.send(get('/'));
        const [{ error }] = await server.untilLogged(1);
        clearInterval(sips);
        slow = false;
        assert.equal(error, 'http1.timeout.write-stall');
        client.socket.resume();
        await client.ended;
        assert.ok(client.bytesReceived > 0);
      },
    );
  });
});

describe('an answer that is taken little by little', () => {
  const large = Buffer.alloc(64 << 20, 'x');
  const skip = process.platform === 'linux' ? false : 'only Linux tells how much a client has taken';

  it('is not broken off, though the socket shows nothing of it for long', { skip }, async () => {
    const options = { timeouts: { writeStall: 3000 }, limits: { minDataRate: 1000 } };
    await withServer(
      options,
      () => new Response(200, undefined, large),
      async (client, server) => {
        let slow = true;
        client.socket.on('data', () => slow && client.socket.pause());
        await client.send(get('/', 'Connection: close'));
        // A buffer's worth every fifth of a second: what the system holds would last for several seconds.
        const sips = setInterval(() => client.socket.resume(), 200);
        await new Promise((resolve) => setTimeout(resolve, 8000));
        clearInterval(sips);
        assert.ok(client.bytesReceived < large.length / 2, 'it takes its time');
        slow = false;
        client.socket.resume();
        assert.equal(await client.ended, 'end');
        assert.equal((await server.untilLogged(1))[0].error, undefined);
      },
    );
  });
});

describe('the last answers of a connection', () => {
  it('reach a client that takes its time to read them', async () => {
    const body = Buffer.alloc(8000, 'b');
    await withServer(
      {},
      () => new Response(200, undefined, body),
      async (client, server) => {
        client.socket.pause();
        const asking = client.send(get('/').repeat(700) + get('/', 'Connection: close')).catch(() => {});
        const [transport] = server.transports;
        await until(() => transport.pending > 0, { what: 'answers wait for the client' });
        // Longer than one that takes nothing is waited for when all is handed on.
        await new Promise((resolve) => setTimeout(resolve, 3000));
        client.socket.resume();
        await asking;
        for (let count = 0; count < 701; count++) assert.equal((await client.response()).body.length, 8000);
        assert.equal(await client.end(), 'end');
      },
    );
  });
});

describe('a connection with a number of requests', () => {
  it('says with the last answer that it closes, and serves no more', async () => {
    const options = { limits: { requestsPerConnection: 3 } };
    const hello = (): Response => new Response(200, undefined, Buffer.from('hello'));
    await withServer(options, hello, async (client, server) => {
      await client.send(get('/').repeat(5));
      const answers = [await client.response(), await client.response(), await client.response()];
      assert.deepEqual(
        answers.map((response) => field(response, 'Connection')),
        [undefined, undefined, 'close'],
      );
      assert.equal(await client.end(), 'end');
      assert.equal(server.log.length, 3);
    });
  });
});
