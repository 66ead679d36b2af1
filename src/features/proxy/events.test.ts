/** Answers that take their time: Server-Sent Events, one after the other, and long polls. Nothing waits here for more. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { chunk, get, head } from '../../../test/support/message.ts';
import { ProxyRig } from '../../../test/support/proxy-rig.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';
import { RequestReader } from '../../../test/support/request-reader.ts';
import { within } from '../../../test/support/until.ts';

const rig = ProxyRig.perTest();

beforeEach(() => rig.start());

/** A client that has asked for the stream, as its backend sees it. */
async function subscribe(from: RawConnection): Promise<RawConnection> {
  await from.send(get('/events', 'Accept: text/event-stream'));
  const requests = new RequestReader(await rig.backend.accept());
  await requests.head();
  return requests.connection;
}

const STREAM = ['HTTP/1.1 200 OK', 'Content-Type: text/event-stream', 'Cache-Control: no-cache'] as const;
const event = (data: string): string => `data: ${data}\n\n`;

const LEAVING = [
  ['reset the connection', (leaving: RawConnection) => leaving.reset()],
  ['closed the connection', (leaving: RawConnection) => leaving.close()],
] as const;

describe('a stream of events', () => {
  for (const [kind, fields, framed] of [
    ['in chunks', ['Transfer-Encoding: chunked'], chunk],
    ['that ends with the connection', [], (text: string) => text],
  ] as const) {
    it(`${kind} begins with its head, before there is an event, and has each event at once`, async () => {
      const source = await subscribe(rig.client);
      await source.send(head(...STREAM, ...fields));
      assert.match(await rig.client.untilText('\r\n\r\n'), /^HTTP\/1\.1 200 OK\r\n/);
      // The next one is made only when the client has this one: who waited for more would wait for ever.
      for (let i = 0; i < 50; i++) {
        await source.send(framed(event(`event ${i}`)));
        await rig.client.untilText(event(`event ${i}`));
      }
      source.halfClose();
    });
  }

  it('of one client is not held up by that of another who does not read', async () => {
    using deaf = await RawConnection.connect(rig.proxy.port);
    const flood = await subscribe(deaf);
    await flood.send(head(...STREAM, 'Transfer-Encoding: chunked'));
    await deaf.untilText('\r\n\r\n');
    deaf.socket.pause();
    // More than anybody buffers; it is never all taken.
    const stuck = flood.send(chunk('x'.repeat(32 * 1024 * 1024))).catch(() => {});
    const source = await subscribe(rig.client);
    await source.send(head(...STREAM, 'Transfer-Encoding: chunked'));
    for (let i = 0; i < 20; i++) {
      await source.send(chunk(event(`event ${i}`)));
      await rig.client.untilText(event(`event ${i}`));
    }
    deaf.close();
    await stuck;
  });

  for (const [how, leave] of LEAVING) {
    it(`is ended at its source when the client has ${how}, though no event is on its way`, async () => {
      const source = await subscribe(rig.client);
      await source.send(head(...STREAM, 'Transfer-Encoding: chunked') + chunk(event('first')));
      await rig.client.untilText(event('first'));
      leave(rig.client);
      await within(30_000, 'the source is left', source.ended);
      const [{ status, error }] = await rig.proxy.server.untilLogged(1);
      assert.deepEqual({ status, error }, { status: 200, error: 'client.gone' });
    });
  }

  it('goes on for a client that sends no more and reads on', async () => {
    const source = await subscribe(rig.client);
    await source.send(head(...STREAM, 'Transfer-Encoding: chunked'));
    rig.client.halfClose();
    await rig.client.untilText('\r\n\r\n00');
    await source.send(chunk(event('one')));
    await rig.client.untilText(event('one'));
    await source.send(chunk(event('two')) + chunk(''));
    assert.equal((await rig.client.response()).body.toString(), event('one') + event('two'));
  });
});

describe('a long poll', () => {
  it('is answered when there is something to say, whatever others ask meanwhile', async () => {
    const waiting = await subscribe(rig.client);
    for (let i = 0; i < 3; i++) {
      using other = await RawConnection.connect(rig.proxy.port);
      const quick = await subscribe(other);
      await quick.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 2')}ok`);
      assert.equal((await other.response()).status, 200);
      quick.halfClose();
    }
    await waiting.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 4')}news`);
    assert.equal((await rig.client.response()).body.toString(), 'news');
  });

  for (const [how, leave] of LEAVING) {
    it(`is given up at the backend when the client has ${how}`, async () => {
      const waiting = await subscribe(rig.client);
      leave(rig.client);
      await within(30_000, 'the backend is left', waiting.ended);
      assert.equal((await rig.proxy.server.untilLogged(1))[0].error, 'client.gone');
    });
  }

  it('is answered to a client that sends no more and reads on', async () => {
    const waiting = await subscribe(rig.client);
    rig.client.halfClose();
    await rig.client.untilUnread(2);
    await waiting.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 4')}news`);
    assert.equal((await rig.client.response()).body.toString(), 'news');
  });
});
