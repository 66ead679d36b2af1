// The PROXY protocol on a listener, in a server in this process. The threat: whoever can connect could claim any address.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseAccessLog, type AccessLogEntry } from '../../test/support/access-log.ts';
import { get, head } from '../../test/support/message.ts';
import { RawBackend } from '../../test/support/raw-backend.ts';
import { RawConnection } from '../../test/support/raw-connection.ts';
import { temporaryDirectory } from '../../test/support/temp.ts';
import { until } from '../../test/support/until.ts';
import type { Config } from '../config/schema.ts';
import { createServer } from './create-server.ts';
import type { Server } from './create-server.ts';

const HEADER = 'PROXY TCP4 203.0.113.9 198.51.100.1 5000 80\r\n';

interface Started extends AsyncDisposable {
  readonly server: Server;
  readonly port: number;
  /** Waits for as many lines, and gives them all. */
  logged(count: number): Promise<AccessLogEntry[]>;
}

async function start(config: Partial<Config> = {}): Promise<Started> {
  const directory = temporaryDirectory();
  const path = directory.join('access.log');
  const server = createServer({
    listeners: [{ address: '127.0.0.1:0', proxyProtocol: true }],
    trustedProxies: ['127.0.0.1'],
    routes: [{ respond: 'ok' }],
    ...config,
    accessLog: { path },
  });
  await server.listen();
  const lines = (): AccessLogEntry[] => parseAccessLog(readFileSync(path, 'utf8').split('\n'));
  return {
    server,
    port: server.addresses[0].port as number,
    logged: (count) => until(() => lines().length >= count && lines(), { what: `${count} lines of the log` }),
    async [Symbol.asyncDispose]() {
      await server.close();
      directory.remove();
    },
  };
}

describe('a listener of the PROXY protocol', () => {
  it('takes the client from the header, however the bytes come', async () => {
    await using started = await start();
    using whole = await RawConnection.connect(started.port);
    await whole.send(HEADER + get('/') + get('/again'));
    assert.equal((await whole.response()).status, 200);
    assert.equal((await whole.response()).status, 200);
    using pieces = await RawConnection.connect(started.port);
    await pieces.sendByteByByte(HEADER + get('/'));
    assert.equal((await pieces.response()).status, 200);
    const entries = await started.logged(3);
    assert.deepEqual(new Set(entries.map(({ ip }) => ip)), new Set(['203.0.113.9']));
  });

  it('takes a body that comes in one piece with the header, and forwards for the client', async () => {
    using backend = await RawBackend.start();
    await using started = await start({ routes: [{ proxy: backend.url }] });
    using client = await RawConnection.connect(started.port);
    await client.send(
      `${HEADER}${head('POST / HTTP/1.1', 'Host: a', 'X-Forwarded-For: 1.1.1.1', 'Content-Length: 4')}body`,
    );
    const peer = await backend.accept();
    const received = await peer.untilText('body');
    // The client is not trusted, though the proxy that speaks for it is.
    assert.match(received, /^X-Forwarded-For: 203\.0\.113\.9\r$/m);
    await peer.send(head('HTTP/1.1 204 No Content'));
    assert.equal((await client.response('POST')).status, 204);
  });

  it('takes a connection of the proxy itself as what it is', async () => {
    await using started = await start();
    for (const header of ['PROXY UNKNOWN\r\n', '\r\n\r\n\0\r\nQUIT\n\x20\0\0\0']) {
      using client = await RawConnection.connect(started.port);
      await client.send(header + get('/'));
      assert.equal((await client.response()).status, 200);
    }
    assert.deepEqual(
      (await started.logged(2)).map(({ ip }) => ip),
      ['127.0.0.1', '127.0.0.1'],
    );
  });

  it('refuses whoever is not trusted, before a byte is read', async () => {
    await using started = await start({ trustedProxies: ['192.0.2.0/24'] });
    using client = await RawConnection.connect(started.port);
    await client.ended;
    assert.equal(client.bytesReceived, 0);
    const [{ ip, status, error }] = await started.logged(1);
    assert.deepEqual([ip, status, error], ['127.0.0.1', '403', 'proxy-protocol.untrusted']);
  });

  it('refuses what does not begin with a header, and says in the log why', async () => {
    await using started = await start({ timeouts: { headers: '200ms' } });
    for (const [count, [sent, code, status]] of [
      [get('/'), 'proxy-protocol.malformed', '400'],
      [`PROXY UNKNOWN ${'x'.repeat(200)}\r\n`, 'proxy-protocol.too-large', '400'],
      ['PROXY TCP4 203.0.113.9', 'proxy-protocol.timeout', '408'],
    ].entries()) {
      using client = await RawConnection.connect(started.port);
      await client.send(sent);
      await client.ended;
      assert.equal(client.bytesReceived, 0);
      const entry = (await started.logged(count + 1))[count];
      assert.deepEqual([entry.ip, entry.status, entry.error, entry.bytes], ['127.0.0.1', status, code, '0']);
    }
    using half = await RawConnection.connect(started.port);
    await half.send('PROXY TCP4 203.0.113.9');
    half.halfClose();
    assert.equal((await started.logged(4))[3].error, 'proxy-protocol.incomplete');
  });

  it('says nothing of a connection that goes without a word, and gives its place back', async () => {
    await using started = await start({ limits: { connections: 1 } });
    for (let round = 0; round < 3; round++) {
      using silent = await RawConnection.connect(started.port);
      silent.halfClose();
      await silent.ended;
    }
    using client = await RawConnection.connect(started.port);
    await client.send(HEADER + get('/'));
    assert.equal((await client.response()).status, 200);
    assert.equal((await started.logged(1)).length, 1);
  });

  it('closes what has not said whose it is when the server stops', async () => {
    const started = await start();
    using client = await RawConnection.connect(started.port);
    await client.send('PROXY');
    using other = await RawConnection.connect(started.port);
    await other.send(HEADER + get('/'));
    await other.response();
    await started[Symbol.asyncDispose]();
    await client.ended;
  });

  it('takes the header of whoever may open its unix socket, where that is trusted', async () => {
    using directory = temporaryDirectory();
    const path = directory.join('listener.sock');
    await using started = await start({
      listeners: [{ address: `unix:${path}`, proxyProtocol: true }],
      trustedProxies: ['unix'],
    });
    using client = await RawConnection.open({ path });
    await client.send(HEADER + get('/'));
    assert.equal((await client.response()).status, 200);
    assert.equal((await started.logged(1))[0].ip, '203.0.113.9');
  });
});
