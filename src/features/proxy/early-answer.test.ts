/** A backend that answers before it has the whole upload, and what it does with the connection then. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { chunk, get, head } from '../../../test/support/message.ts';
import { ProxyRig } from '../../../test/support/proxy-rig.ts';
import { field } from '../../../test/support/parse-response.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';
import { RequestReader } from '../../../test/support/request-reader.ts';
import { within } from '../../../test/support/until.ts';

const PIECE = Buffer.alloc(256 * 1024, 'x');
/** More than the buffers of the system on the way hold. */
const PIECES = 256;
const REFUSAL = `${head('HTTP/1.1 413 Content Too Large', 'Content-Length: 3', 'Connection: close')}no!`;

const rig = ProxyRig.perTest();

beforeEach(() => rig.start());

/** Sends the upload as a client does that writes first and reads afterwards; ends when nobody takes more. */
async function upload(): Promise<void> {
  for (let i = 0; i < PIECES; i++) {
    const sent = await rig.client.send(PIECE).then(
      () => true,
      () => false,
    );
    if (!sent) return;
  }
}

describe('an answer in the middle of an upload', () => {
  for (const [then, leave] of [
    ['stays and reads no more', () => {}],
    ['ends its half', (peer: RawConnection) => peer.halfClose()],
    // With bytes unread, the system makes a reset of this.
    ['closes at once', (peer: RawConnection) => peer.close()],
  ] as const) {
    it(`reaches the client where the backend ${then}`, async () => {
      await rig.client.send(head('POST / HTTP/1.1', 'Host: a', `Content-Length: ${PIECE.length * PIECES}`));
      const peer = await rig.backend.accept();
      await peer.untilText('\r\n\r\n');
      peer.socket.pause();
      const uploading = upload();
      await peer.send(REFUSAL);
      const response = await rig.client.response('POST');
      leave(peer);
      assert.deepEqual([response.status, response.body.toString()], [413, 'no!']);
      assert.equal(field(response, 'Connection'), 'close');
      assert.equal((await rig.proxy.server.untilLogged(1))[0].error, undefined);
      rig.client.close();
      await uploading;
    });
  }

  it('reaches the client where the backend has closed before the answer could be read', async () => {
    await rig.client.send(head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 100000'));
    const peer = await rig.backend.accept();
    await peer.untilText('\r\n\r\n');
    await peer.send(REFUSAL);
    peer.halfClose();
    await rig.client.send('x'.repeat(100_000)).catch(() => {});
    const response = await rig.client.response('POST');
    assert.deepEqual([response.status, response.body.toString()], [413, 'no!']);
  });

  it('is that of a chunked upload which flows', async () => {
    await rig.start({ proxy: { buffer: { request: 'off' } } });
    await rig.client.send(head('POST / HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked') + chunk('first'));
    const peer = await rig.backend.accept();
    await peer.untilText('first');
    await peer.send(REFUSAL);
    peer.halfClose();
    const response = await rig.client.response('POST');
    assert.deepEqual([response.status, field(response, 'Connection')], [413, 'close']);
    await within(10_000, 'the connection ends', rig.client.ended);
  });

  it('leaves no connection to the pool on which the rest of the upload is still due', async () => {
    await rig.client.send(`${head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 10')}first`);
    const peer = await rig.backend.accept();
    await peer.untilText('first');
    await peer.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 2')}ok`);
    const response = await rig.client.response('POST');
    assert.deepEqual([response.status, field(response, 'Connection')], [200, 'close']);
    using other = await RawConnection.connect(rig.proxy.port);
    await other.send(get('/other'));
    const requests = new RequestReader(await rig.backend.accept());
    assert.equal((await requests.head()).target, '/other');
    assert.doesNotMatch(peer.unread.toString('latin1'), /\/other/);
  });

  it('tells a client whose upload is all here nothing of an end', async () => {
    const requests = ['Content-Length: 4', 'Transfer-Encoding: chunked'].map((framing) =>
      head('POST / HTTP/1.1', 'Host: a', framing),
    );
    for (const [i, request] of requests.entries()) {
      await rig.client.send(request + (i === 0 ? 'body' : chunk('body') + chunk('')));
      const peer = i === 0 ? await rig.backend.accept() : rig.backend.connections[0];
      await peer.untilText('body');
      await peer.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 2')}ok`);
      const response = await rig.client.response('POST');
      assert.deepEqual([response.status, field(response, 'Connection')], [200, undefined]);
    }
  });
});
