import assert from 'node:assert/strict';
import { test } from 'node:test';
import { head } from '../../../test/support/message.ts';
import { field, fieldValues } from '../../../test/support/parse-response.ts';
import { startProxy } from '../../../test/support/proxy-server.ts';
import { RawBackend } from '../../../test/support/raw-backend.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';

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
