/** Time and memory that a client can take: each phase is waited for as long as is configured, and no longer. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HandlerServer, type HandlerServerOptions } from '../../test/support/handler-server.ts';
import { get, head } from '../../test/support/message.ts';
import { RawConnection } from '../../test/support/raw-connection.ts';
import { until, within } from '../../test/support/until.ts';
import { readAll, type BodySource } from '../http/body.ts';
import { Response } from '../http/response.ts';
import type { Exchange } from '../pipeline/exchange.ts';

/** Milliseconds; the clock is coarse, 100 ms. */
const SOON = 200;

const HELLO = Buffer.from('hello');
const hello = (): Response => new Response(200, undefined, HELLO);

async function withServer(
  timeouts: HandlerServerOptions['timeouts'],
  handler: (exchange: Exchange) => Response | Promise<Response>,
  test: (client: RawConnection, server: HandlerServer) => Promise<void>,
): Promise<void> {
  await using server = await HandlerServer.start(handler, timeouts === undefined ? {} : { timeouts });
  using client = await RawConnection.connect(server.port);
  await test(client, server);
}

describe('a head that does not come to its end', () => {
  it('is answered with 408 when it has begun', async () => {
    await withServer({ headers: SOON }, hello, async (client, server) => {
      await client.send('GET / HTTP/1.1\r\nHost: ');
      const response = await client.response();
      assert.equal(response.status, 408);
      assert.equal(await client.end(), 'end');
      assert.equal(server.log[0].error, 'http1.timeout.headers');
    });
  });

  it('has its time in all, not from byte to byte', async () => {
    await withServer({ headers: SOON }, hello, async (client) => {
      const slow = setInterval(() => void client.send('a').catch(() => {}), 20);
      await client.send('GET /');
      const response = await client.response();
      clearInterval(slow);
      assert.equal(response.status, 408);
    });
  });

  it('is met with silence when nothing of it ever came', async () => {
    await withServer({ headers: SOON }, hello, async (client, server) => {
      assert.equal(await client.end(), 'end');
      assert.deepEqual(server.log, []);
    });
  });

  it('has its time anew for each request', async () => {
    await withServer({ headers: SOON, keepAlive: 60_000 }, hello, async (client) => {
      await client.send(get('/'));
      await client.response();
      await client.send('GET / HTTP/1.1\r\n');
      assert.equal((await client.response()).status, 408);
    });
  });
});

describe('a connection that is kept', () => {
  it('ends when no further request comes', async () => {
    await withServer({ keepAlive: SOON }, hello, async (client) => {
      await client.send(get('/'));
      await client.response();
      assert.equal(await client.end(), 'end');
    });
  });

  it('stays for good where 0 says so', async () => {
    await withServer({ keepAlive: 0, headers: SOON }, hello, async (client, server) => {
      await client.send(get('/'));
      await client.response();
      using silent = await RawConnection.connect(server.port);
      assert.equal(await silent.end(), 'end', 'time has passed');
      await client.send(get('/'));
      assert.equal((await client.response()).status, 200);
    });
  });
});

describe('a body that stops coming', () => {
  const reading = async ({ body }: Exchange): Promise<Response> =>
    new Response(200, undefined, await readAll(body, 1 << 20));

  it('fails for its reader, and the answer is 408', async () => {
    await withServer({ bodyIdle: SOON }, reading, async (client, server) => {
      await client.send(`${head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 10')}hello`);
      assert.equal((await client.response('POST')).status, 408);
      assert.equal(await client.end(), 'end');
      assert.equal(server.log[0].error, 'http1.timeout.body');
    });
  });

  it('has its time from piece to piece', async () => {
    await withServer({ bodyIdle: 2 * SOON }, reading, async (client) => {
      await client.send(head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 100'));
      let sent = 0;
      const start = performance.now();
      const slow = setInterval(() => {
        if (++sent <= 100) void client.send('a').catch(() => {});
      }, 10);
      const response = await client.response('POST');
      clearInterval(slow);
      assert.equal(response.status, 200);
      assert.ok(performance.now() - start > 2 * SOON);
    });
  });

  it('has no time to keep while nobody reads it', async () => {
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const later = async (exchange: Exchange): Promise<Response> => {
      await asked;
      return reading(exchange);
    };
    await withServer({ bodyIdle: SOON, headers: SOON }, later, async (client, server) => {
      await client.send(head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 5'));
      using silent = await RawConnection.connect(server.port);
      await silent.end();
      using another = await RawConnection.connect(server.port);
      assert.equal(await another.end(), 'end', 'time has passed');
      ask();
      await client.send('hello');
      assert.equal((await client.response('POST')).body.toString(), 'hello');
    });
  });

  it('that nobody wants ends the connection', async () => {
    await withServer({ bodyIdle: SOON }, hello, async (client) => {
      await client.send(`${head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 10')}half`);
      assert.equal((await client.response('POST')).status, 200);
      assert.equal(await client.end(), 'end');
    });
  });
});

/** Pushes as long as its sink takes more. */
class Endless implements BodySource {
  readonly length = undefined;
  readonly trailers = undefined;
  pushed = 0;
  cancelled = false;
  #push: () => boolean = () => false;

  flow(sink: Parameters<BodySource['flow']>[0]): void {
    const piece = Buffer.alloc(32 * 1024, 'x');
    this.#push = () => {
      this.pushed += piece.length;
      return sink.data(piece);
    };
    this.resume();
  }

  resume(): void {
    while (!this.cancelled && this.#push());
  }

  cancel(): void {
    this.cancelled = true;
  }
}

describe('a client that does not read', () => {
  it('stops the body that it is sent, and is cut off when it has taken nothing for too long', async () => {
    const body = new Endless();
    await withServer(
      { writeStall: SOON },
      () => new Response(200, undefined, body),
      async (client, server) => {
        client.socket.pause();
        await client.send(get('/'));
        await server.untilLogged(1);
        assert.equal(body.cancelled, true);
        assert.equal(server.log[0].error, 'http1.timeout.write-stall');
        assert.ok(server.log[0].bytes <= body.pushed);
        client.socket.resume();
        await client.ended;
      },
    );
  });

  it('but slowly gets everything, however long one buffer takes', async () => {
    const large = Buffer.alloc(64 << 20, 'x');
    await withServer(
      { writeStall: 2 * SOON },
      () => new Response(200, undefined, large),
      async (client, server) => {
        let slow = true;
        client.socket.on('data', () => slow && client.socket.pause());
        await client.send(get('/', 'Connection: close'));
        for (const start = performance.now(); performance.now() - start < 6 * SOON;) {
          const before = client.bytesReceived;
          client.socket.resume();
          await until(() => client.bytesReceived > before, { what: 'a piece arrives', every: 5 });
        }
        assert.ok(client.bytesReceived < large.length, 'it took its time');
        slow = false;
        client.socket.resume();
        assert.equal(await client.ended, 'end');
        const [{ bytes, error }] = await server.untilLogged(1);
        assert.deepEqual({ bytes, error }, { bytes: large.length, error: undefined });
        assert.ok(client.bytesReceived > large.length);
      },
    );
  });

  it('is cut off also where the answers that wait are small and complete', async () => {
    await withServer(
      { writeStall: SOON, keepAlive: 0 },
      () => new Response(200, undefined, Buffer.alloc(4000)),
      async (client, server) => {
        client.socket.pause();
        const flood = get('/').repeat(1000);
        const sending = (async (): Promise<void> => {
          for (;;) await client.send(flood);
        })();
        await assert.rejects(
          within(20_000, 'the connection is cut off', sending),
          /EPIPE|ECONNRESET|closed|destroyed/i,
        );
        await within(10_000, 'the server lets go', server.untilAlone());
      },
    );
  });

  it('does not make the server work or remember, however many requests it sends', async () => {
    let handled = 0;
    const answer = (): Response => {
      handled++;
      return new Response(200, undefined, Buffer.alloc(4000));
    };
    await withServer({}, answer, async (client, server) => {
      client.socket.pause();
      const flood = get('/').repeat(10_000);
      let sent = 0;
      const sending = (async (): Promise<void> => {
        for (;;) {
          await client.send(flood);
          sent++;
        }
      })().catch(() => {});
      const [transport] = server.transports;
      await until(() => transport.pending > 0, { what: 'answers wait' });
      const handledThen = handled;
      using other = await RawConnection.connect(server.port);
      await other.send(get('/'));
      await other.response();
      // What the system's buffers hold, and not what was asked for.
      assert.ok(handled <= handledThen + 1);
      assert.ok(transport.pending < 256 * 1024, `${transport.pending} bytes wait`);
      const before = process.memoryUsage().arrayBuffers;
      await until(() => sent > 0, { what: 'more is sent' });
      assert.ok(process.memoryUsage().arrayBuffers - before < 8 << 20);
      client.reset();
      await sending;
    });
  });
});
