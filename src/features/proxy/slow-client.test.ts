/**
 * A client that does not read holds an answer's last bytes in the proxy, while the connection to the backend that
 * brought them is free for somebody else. Neither may the next answer write over those bytes, nor may the
 * first client's leaving end the next exchange.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { get, head } from '../../../test/support/message.ts';
import type { RawResponse } from '../../../test/support/parse-response.ts';
import { startProxy, type ProxyServer } from '../../../test/support/proxy-server.ts';
import { RawBackend } from '../../../test/support/raw-backend.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';
import { RequestReader } from '../../../test/support/request-reader.ts';
import { until } from '../../../test/support/until.ts';

/** Fits into one read of the proxy, and is too large to be copied behind the head. */
const SIZE = 60_000;
const answerOf = (letter: string): string =>
  head('HTTP/1.1 200 OK', `Content-Length: ${SIZE}`) + letter.repeat(SIZE);

let backend: RawBackend;
let proxy: ProxyServer;
let upstream: RawConnection;
let requests: RequestReader;
let slow: RawConnection;
/** Answers that the slow client was sent, the last of them not taken by the system yet. */
let sent: number;

beforeEach(async () => {
  backend = await RawBackend.start();
  proxy = await startProxy([backend.url]);
  slow = await RawConnection.connect(proxy.port);
  slow.socket.pause();
  await slow.send(get('/slow'));
  upstream = await backend.accept();
  requests = new RequestReader(upstream);
  const [transport] = proxy.server.transports;
  const { log } = proxy.server;
  for (sent = 1; ; sent++) {
    await requests.head();
    await upstream.send(answerOf('s'));
    await until(() => log.length === sent || transport.pending > 0, { what: 'the answer is read', every: 1 });
    if (transport.pending > 0) break;
    await slow.send(get('/slow'));
  }
});
afterEach(async () => {
  slow.close();
  await proxy[Symbol.asyncDispose]();
  backend[Symbol.dispose]();
});

describe('while a client does not read the end of its answer', () => {
  it('the connection to the backend serves another, and the answers do not mix', async () => {
    using other = await RawConnection.connect(proxy.port);
    await other.send(get('/other'));
    await requests.head();
    await upstream.send(answerOf('o'));
    assertBody(await other.response(), 'o');
    slow.socket.resume();
    await slow.untilUnread(sent * SIZE);
    for (let count = 0; count < sent; count++) {
      assertBody(await slow.response(), 's');
    }
  });

  it('its leaving does not end the exchange that the connection serves now', async () => {
    using other = await RawConnection.connect(proxy.port);
    await other.send(get('/other'));
    await requests.head();
    slow.reset();
    await proxy.server.untilLogged(sent);
    await upstream.send(answerOf('o'));
    assert.equal((await other.response()).status, 200);
  });
});

function assertBody({ body }: RawResponse, letter: string): void {
  assert.equal(body.length, SIZE);
  assert.equal(
    body.findIndex((byte) => byte !== letter.charCodeAt(0)),
    -1,
    'bytes of another answer',
  );
}
