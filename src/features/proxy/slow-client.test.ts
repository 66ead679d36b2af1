/**
 * A client that does not read holds an answer's last bytes in the proxy, while the connection to the backend that
 * brought them is free for somebody else. Neither may the next answer write over those bytes, nor may the
 * first client's leaving end the next exchange.
 */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { get, head } from '../../../test/support/message.ts';
import type { RawResponse } from '../../../test/support/parse-response.ts';
import { ProxyRig } from '../../../test/support/proxy-rig.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';
import { RequestReader } from '../../../test/support/request-reader.ts';
import { until } from '../../../test/support/until.ts';

/** Fits into one read of the proxy, and is too large to be copied behind the head. */
const SIZE = 60_000;
const answerOf = (letter: string): string =>
  head('HTTP/1.1 200 OK', `Content-Length: ${SIZE}`) + letter.repeat(SIZE);

const rig = ProxyRig.perTest();
let upstream: RawConnection;
let requests: RequestReader;
let slow: RawConnection;
/** Answers that the slow client was sent, the last of them not taken by the system yet. */
let sent: number;

beforeEach(async () => {
  await rig.start();
  slow = rig.client;
  slow.socket.pause();
  await slow.send(get('/slow'));
  upstream = await rig.backend.accept();
  requests = new RequestReader(upstream);
  const [transport] = rig.proxy.server.transports;
  const { log } = rig.proxy.server;
  for (sent = 1; ; sent++) {
    await requests.head();
    await upstream.send(answerOf('s'));
    await until(() => log.length === sent || transport.pending > 0, { what: 'the answer is read', every: 1 });
    if (transport.pending > 0) break;
    await slow.send(get('/slow'));
  }
});

describe('while a client does not read the end of its answer', () => {
  it('the connection to the backend serves another, and the answers do not mix', async () => {
    using other = await RawConnection.connect(rig.proxy.port);
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
    using other = await RawConnection.connect(rig.proxy.port);
    await other.send(get('/other'));
    await requests.head();
    slow.reset();
    await rig.proxy.server.untilLogged(sent);
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
