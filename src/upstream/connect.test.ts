import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { head } from '../../test/support/message.ts';
import { upstreamOptions, upstreamServer } from '../../test/support/proxy-server.ts';
import { RawBackend } from '../../test/support/raw-backend.ts';
import { temporaryDirectory } from '../../test/support/temp.ts';
import { exchangeOver, Taker } from '../../test/support/upstream-exchange.ts';
import { ServerPool } from './pool.ts';

function poolOf(url: string): ServerPool {
  return new ServerPool(upstreamServer(url), upstreamOptions([url]), () => {});
}

describe('a server on a unix socket', () => {
  it('is connected to, and its connections are kept, like any other', async () => {
    using directory = temporaryDirectory();
    const path = directory.join('app.sock');
    using backend = await RawBackend.atPath(path);
    const pool = poolOf(`unix:${path}`);
    const connection = await new Taker(pool).connection;
    const peer = await backend.accept();
    const outcome = exchangeOver(connection);
    await peer.untilText('\r\n\r\n');
    await peer.send(head('HTTP/1.1 200 OK', 'Content-Length: 0'));
    assert.equal((await outcome).head?.status, 200);
    assert.equal(await new Taker(pool).connection, connection);
    pool.close();
    connection.destroy();
  });

  it('that is not there, or nobody listens on, cannot be reached', async () => {
    using directory = temporaryDirectory();
    assert.equal(
      await new Taker(poolOf(`unix:${directory.join('none')}`)).failure,
      'upstream.connect-failed ENOENT',
    );
    const file = directory.write('file', '');
    assert.equal(await new Taker(poolOf(`unix:${file}`)).failure, 'upstream.connect-failed ECONNREFUSED');
  });
});
