// Bodies and tunnels over TLS: the same promises as in plain, on a socket that finishes no write at once.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { CertificateAuthority } from '../../../test/support/certificates.ts';
import { get, head } from '../../../test/support/message.ts';
import { requires } from '../../../test/support/packages.ts';
import { startProxy, type ProxyServer } from '../../../test/support/proxy-server.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';

const BODY = Buffer.alloc(5_000_000, 'Bytes that are seldom in the same place twice. ');
const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('a server behind TLS', { skip: requires('openssl') }, () => {
  let authority: CertificateAuthority;
  let backend: Server;
  let proxy: ProxyServer;

  before(async () => {
    authority = new CertificateAuthority();
    const { cert, key } = authority.issue('backend', ['DNS:localhost']);
    backend = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
      if (request.method === 'GET') {
        response.end(BODY);
        return;
      }
      const hash = createHash('sha256');
      request.on('data', (chunk: Buffer) => hash.update(chunk));
      request.on('end', () => response.end(hash.digest('hex')));
    });
    backend.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
      socket.pipe(socket);
    });
    backend.listen(0, '127.0.0.1');
    await once(backend, 'listening');
    const { port } = backend.address() as AddressInfo;
    proxy = await startProxy([`https://localhost:${port}`], {
      upstream: {
        tls: { serverName: undefined, ca: authority.ca, cert: undefined, key: undefined, verify: true },
      },
    });
  });
  after(async () => {
    await proxy[Symbol.asyncDispose]();
    backend.closeAllConnections();
    backend.close();
    authority[Symbol.dispose]();
  });

  it('gets a large body whole, with its length and in chunks', async () => {
    using client = await RawConnection.connect(proxy.port);
    await client.send(head('POST / HTTP/1.1', 'Host: a', `Content-Length: ${BODY.length}`));
    await client.send(BODY);
    assert.equal((await client.response('POST')).body.toString(), digest(BODY));
    await client.send(head('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'));
    for (let at = 0; at < BODY.length; at += 100_000) {
      const chunk = BODY.subarray(at, at + 100_000);
      await client.send(`${chunk.length.toString(16)}\r\n`);
      await client.send(chunk);
      await client.send('\r\n');
    }
    await client.send('0\r\n\r\n');
    assert.equal((await client.response('POST')).body.toString(), digest(BODY));
  });

  it('has its answer taken whole by a client that stops and goes on, while others are served', async () => {
    using slow = await RawConnection.connect(proxy.port);
    using other = await RawConnection.connect(proxy.port);
    slow.socket.pause();
    await slow.send(get('/'));
    for (let round = 0; round < 5; round++) {
      await other.send(get('/'));
      assert.equal(digest((await other.response()).body), digest(BODY));
      slow.socket.resume();
      await slow.untilUnread(slow.bytesReceived + 1);
      slow.socket.pause();
    }
    slow.socket.resume();
    assert.equal(digest((await slow.response()).body), digest(BODY));
  });

  it('can change the protocol, and what passes through the tunnel is what was sent', async () => {
    using client = await RawConnection.connect(proxy.port);
    await client.send(head('GET / HTTP/1.1', 'Host: a', 'Connection: upgrade', 'Upgrade: echo'));
    await client.untilText('\r\n\r\n');
    const answered = client.bytesReceived;
    const sending = client.send(BODY);
    await client.untilUnread(answered + BODY.length, 30_000);
    await sending;
    assert.equal(digest(client.unread.subarray(answered)), digest(BODY));
    client.halfClose();
    assert.equal(await client.ended, 'end');
  });
});
