/** Clients, backends and shadows that leave at any time, in any order: nothing of a copy is left behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../../test/fuzz/random.ts';
import { chunk, head } from '../../../test/support/message.ts';
import { startProxy, upstreamOptions } from '../../../test/support/proxy-server.ts';
import { RawBackend } from '../../../test/support/raw-backend.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';
import { until } from '../../../test/support/until.ts';

const CLIENTS = 150;

/** A request of any kind, with a body of up to twice what is copied. */
function requestOf(random: Random): string {
  const lines = ['Host: a', ...(random.once(6) ? ['Connection: upgrade', 'Upgrade: websocket'] : [])];
  const body = 'x'.repeat(random.below(40_000));
  switch (random.below(4)) {
    case 0:
      return head('GET / HTTP/1.1', ...lines);
    case 1:
      return (
        head('POST / HTTP/1.1', 'Host: a', 'Expect: 100-continue', `Content-Length: ${body.length}`) + body
      );
    case 2:
      return head('PUT / HTTP/1.1', ...lines, `Content-Length: ${body.length}`) + body;
    default:
      return head('POST / HTTP/1.1', ...lines, 'Transfer-Encoding: chunked') + chunk(body) + chunk('');
  }
}

/** A server that answers, breaks off, leaves or stays silent, after as many bytes as chance has it. */
function behave(peer: RawConnection, random: Random): void {
  let wanted = random.below(3) === 0 ? random.below(30_000) : 1;
  const way = random.below(6);
  const answer = head('HTTP/1.1 200 OK', 'Content-Length: 4');
  peer.socket.on('data', () => {
    if (peer.bytesReceived < wanted || peer.socket.destroyed) return;
    wanted = Infinity;
    if (way === 0) peer.reset();
    else if (way === 1) peer.close();
    else if (way === 2)
      void peer
        .send(`${answer}ok`)
        .then(() => peer.reset())
        .catch(() => {});
    else if (way < 5) {
      wanted = peer.bytesReceived + 1;
      void peer.send(`${answer}good`).catch(() => {});
    }
  });
}

for (const request of ['auto', 'off'] as const) {
  test(`no copy and no connection is left (${request})`, async (context) => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    context.diagnostic(`seed ${seed}`);
    const random = new Random(seed);
    using backend = await RawBackend.start();
    using shadow = await RawBackend.start();
    backend.onConnection((peer) => behave(peer, random));
    shadow.onConnection((peer) => behave(peer, random));
    const timeouts = { connect: 10_000, firstByte: 300, idle: 300 };
    await using proxy = await startProxy([backend.url], {
      proxy: {
        buffer: { request },
        mirror: { to: 'shadow', share: 1, maxBody: 20_000, inFlight: 20, memory: 200_000, timeout: 500 },
      },
      upstream: { timeouts },
      others: [{ ...upstreamOptions([shadow.url], { timeouts }), name: 'shadow' }],
      timeouts: { bodyIdle: 300, headers: 300, keepAlive: 300 },
    });

    async function client(): Promise<void> {
      const connection = await RawConnection.connect(proxy.port);
      const bytes = requestOf(random);
      for (let at = 0; at < bytes.length && !random.once(8);) {
        const end = at + 1 + random.below(15_000);
        await connection.send(bytes.slice(at, end)).catch(() => {});
        at = end;
      }
      const way = random.below(3);
      if (way === 0) connection.reset();
      else if (way === 1) connection.close();
      else await connection.nextEvent().catch(() => {});
      connection.close();
    }
    const waves = Array.from({ length: 10 }, async () => {
      for (let i = 0; i < CLIENTS / 10; i++) await client();
    });
    await Promise.all(waves);
    await proxy.server.untilAlone();

    const busy = (): number =>
      ['backend', 'shadow'].reduce((sum, name) => sum + proxy.upstreams.get(name).servers[0].active, 0);
    await until(() => proxy.mirrors.inFlight === 0 && proxy.mirrors.held === 0 && busy() === 0, {
      what: 'nothing is in flight',
      every: 5,
    });
    // Some have come through, or this has tried nothing.
    assert.ok(shadow.connections.length > 0);
    assert.deepEqual(proxy.server.failures, []);
  });
}
