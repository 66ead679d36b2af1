import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchangeOf } from '../../../test/support/exchange.ts';
import { get, head } from '../../../test/support/message.ts';
import { field, fieldValues } from '../../../test/support/parse-response.ts';
import { startProxy, upstreamOptions } from '../../../test/support/proxy-server.ts';
import { RawBackend } from '../../../test/support/raw-backend.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';
import type { Trust } from '../../pipeline/exchange.ts';
import { Upstreams } from '../../upstream/upstreams.ts';

/** Whoever connects from this machine is a proxy of ours. */
const trust: Trust = { fields: 'x-forwarded', trusts: (address) => address === '127.0.0.1' };

const STICKY = { sticky: { cookie: 'ds_backend', secret: 'a secret' } };

test('the first answer brings the cookie beside those of the application, the next ones do not', async () => {
  using backend = await RawBackend.start();
  await using proxy = await startProxy([backend.url], { upstream: STICKY });
  const client = await RawConnection.connect(proxy.port);
  const ask = async (...lines: string[]): Promise<string[]> => {
    await client.send(head('GET / HTTP/1.1', 'Host: a', ...lines));
    const peer = backend.connections[0] ?? (await backend.accept());
    await peer.untilText('\r\n\r\n');
    await peer.send(head('HTTP/1.1 200 OK', 'Content-Length: 0', 'Set-Cookie: app=1'));
    return fieldValues(await client.response(), 'Set-Cookie');
  };
  const [own, ours] = await ask();
  assert.equal(own, 'app=1');
  assert.match(ours, /^ds_backend=/);
  const [pair] = ours.split(';');
  assert.deepEqual(await ask(`Cookie: app=1; ${pair}`), ['app=1']);
  client.close();
});

test('a WebSocket gets it with the answer that opens it', async () => {
  using backend = await RawBackend.start();
  await using proxy = await startProxy([backend.url], { upstream: STICKY });
  const client = await RawConnection.connect(proxy.port);
  await client.send(head('GET / HTTP/1.1', 'Host: a', 'Connection: upgrade', 'Upgrade: websocket'));
  const peer = await backend.accept();
  await peer.untilText('\r\n\r\n');
  await peer.send(head('HTTP/1.1 101 Switching Protocols', 'Connection: upgrade', 'Upgrade: websocket'));
  assert.match(field(await client.response(), 'Set-Cookie') ?? '', /^ds_backend=/);
  client.close();
});

test('behind a trusted proxy that speaks TLS with the client, the cookie is Secure', async () => {
  using backend = await RawBackend.start();
  await using proxy = await startProxy([backend.url], { upstream: STICKY, trust });
  const client = await RawConnection.connect(proxy.port);
  await client.send(
    head('GET / HTTP/1.1', 'Host: a', 'X-Forwarded-For: 192.0.2.1', 'X-Forwarded-Proto: https'),
  );
  const peer = await backend.accept();
  await peer.untilText('\r\n\r\n');
  await peer.send(head('HTTP/1.1 204 No Content'));
  assert.match(field(await client.response(), 'Set-Cookie') ?? '', /; Secure$/);
  client.close();
});

test('behind a trusted proxy, clients are spread by their own addresses', async () => {
  const upstreams = new Upstreams(
    [
      upstreamOptions(['http://10.0.0.1', 'http://10.0.0.2', 'http://10.0.0.3', 'http://10.0.0.4'], {
        balance: { hash: 'client-ip' },
      }),
    ],
    () => {},
  );
  const chosen = new Set(
    Array.from({ length: 64 }, (_, i) => {
      const exchange = exchangeOf(get('/', `X-Forwarded-For: 192.0.2.${i}`), { trust, address: '127.0.0.1' });
      return upstreams.get('backend').choose(exchange, [])?.server.url;
    }),
  );
  upstreams.close();
  assert.equal(chosen.size, 4);
});
