/** A request's body on its way through the proxy: collected or as it comes, and let go of when nobody wants it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DeafServer } from '../../../test/support/deaf-server.ts';
import { chunk, head } from '../../../test/support/message.ts';
import { OwnTemporaryFiles, skipOpenFiles } from '../../../test/support/own-temporary-files.ts';
import { field } from '../../../test/support/parse-response.ts';
import { freePort } from '../../../test/support/ports.ts';
import { ProxyRig } from '../../../test/support/proxy-rig.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';
import { RequestReader } from '../../../test/support/request-reader.ts';
import { within } from '../../../test/support/until.ts';

const OK = head('HTTP/1.1 200 OK', 'Content-Length: 0');
const CHUNKED = 'Transfer-Encoding: chunked';
const post = (...fields: string[]): string => head('POST /x HTTP/1.1', 'Host: a', ...fields);
/** More than is kept in memory. */
const LARGE = 'x'.repeat(100_000);

const files = OwnTemporaryFiles.perFile();
const rig = ProxyRig.perTest();

describe('a request body with a length', () => {
  it('flows on as it comes, with that length', async () => {
    await rig.start();
    await rig.client.send(`${post('Content-Length: 10')}first`);
    const requests = new RequestReader(await rig.backend.accept());
    const received = await requests.head();
    assert.deepEqual([received.values('Content-Length'), received.values('Transfer-Encoding')], [['10'], []]);
    assert.equal((await requests.body(5)).toString(), 'first');
    await rig.client.send('-last');
    assert.equal((await requests.body(5)).toString(), '-last');
    await requests.connection.send(OK);
    assert.equal((await rig.client.response('POST')).status, 200);
  });

  it('of none is said to be none', async () => {
    await rig.start();
    await rig.client.send(post('Content-Length: 0'));
    const requests = new RequestReader(await rig.backend.accept());
    assert.deepEqual((await requests.head()).values('Content-Length'), ['0']);
    await requests.connection.send(OK);
    assert.equal((await rig.client.response('POST')).status, 200);
  });

  it('is asked for with 100 Continue when the backend asks for it', async () => {
    await rig.start();
    await rig.client.send(post('Content-Length: 5', 'Expect: 100-continue'));
    const requests = new RequestReader(await rig.backend.accept());
    assert.deepEqual((await requests.head()).values('Expect'), ['100-continue']);
    await requests.connection.send('HTTP/1.1 100 Continue\r\n\r\n');
    await rig.client.untilText('100 Continue');
    await rig.client.send('hello');
    assert.equal((await requests.body(5)).toString(), 'hello');
    await requests.connection.send(OK);
    assert.equal((await rig.client.response('POST')).interim.length, 1);
  });

  it('is not asked for when the backend refuses it beforehand; neither connection is used again', async () => {
    await rig.start();
    await rig.client.send(post('Content-Length: 5', 'Expect: 100-continue'));
    const requests = new RequestReader(await rig.backend.accept());
    await requests.head();
    await requests.connection.send(head('HTTP/1.1 413 Content Too Large', 'Content-Length: 0'));
    const response = await rig.client.response('POST');
    assert.deepEqual([response.status, response.interim.length], [413, 0]);
    assert.equal(field(response, 'Connection'), 'close');
    await requests.connection.ended;
  });

  it('that was refused is waited for by nobody, however long the refusal takes', async () => {
    await rig.start({ timeouts: { bodyIdle: 200 } });
    await rig.client.send(post('Content-Length: 5', 'Expect: 100-continue'));
    const requests = new RequestReader(await rig.backend.accept());
    await requests.head();
    await requests.connection.send(head('HTTP/1.1 401 Unauthorized', 'Content-Length: 40'));
    // Longer than the body would be waited for, and than a backend is given to ask for it.
    for (let piece = 0; piece < 8; piece++) {
      await requests.connection.send('x'.repeat(5));
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const response = await rig.client.response('POST');
    assert.deepEqual([response.status, response.body.length, response.interim.length], [401, 40, 0]);
    assert.equal(requests.connection.unread.includes('hello'), false);
    assert.equal((await rig.proxy.server.untilLogged(1))[0].error, undefined);
  });

  it('goes on however long it takes when the backend’s word comes in two pieces', async () => {
    await rig.start({ upstream: { timeouts: { connect: 1000, firstByte: 60_000, idle: 200 } } });
    await rig.client.send(post('Content-Length: 8', 'Expect: 100-continue'));
    const requests = new RequestReader(await rig.backend.accept());
    await requests.head();
    await requests.connection.send('HTTP/1.1 100 Cont');
    await new Promise(setImmediate);
    await requests.connection.send('inue\r\n\r\n');
    await rig.client.untilText('100 Continue');
    for (let byte = 0; byte < 8; byte++) {
      await rig.client.send('x');
      await new Promise((resolve) => setTimeout(resolve, 80));
    }
    assert.equal((await requests.body(8)).toString(), 'xxxxxxxx');
    await requests.connection.send(OK);
    assert.equal((await rig.client.response('POST')).status, 200);
  });

  it('is asked for after a while when the backend does not know how to ask', async () => {
    await rig.start();
    await rig.client.send(post('Content-Length: 5', 'Expect: 100-continue'));
    const requests = new RequestReader(await rig.backend.accept());
    await requests.head();
    await rig.client.untilText('100 Continue');
    await rig.client.send('hello');
    assert.equal((await requests.body(5)).toString(), 'hello');
    await requests.connection.send(OK);
    assert.equal((await rig.client.response('POST')).status, 200);
  });

  it('is not asked for when the backend is not there', async () => {
    await rig.start({}, [`http://127.0.0.1:${await freePort()}`]);
    await rig.client.send(post('Content-Length: 5', 'Expect: 100-continue'));
    const response = await rig.client.response('POST');
    assert.deepEqual([response.status, response.interim.length], [502, 0]);
  });
});

describe('a request body in chunks', () => {
  it('is collected, and sent with its length; nothing is sent before', async () => {
    await rig.start();
    await rig.client.send(post(CHUNKED) + chunk('first') + chunk('-last'));
    await rig.client.send('0\r\nDigest: x\r\n\r\n');
    const requests = new RequestReader(await rig.backend.accept());
    const received = await requests.head();
    assert.deepEqual([received.values('Content-Length'), received.values('Transfer-Encoding')], [['10'], []]);
    assert.equal((await requests.body(10)).toString(), 'first-last');
    await requests.connection.send(OK);
    assert.equal((await rig.client.response('POST')).status, 200);
  });

  it(
    'goes by way of a file when it is large, which is closed when it is sent',
    { skip: skipOpenFiles },
    async () => {
      await rig.start();
      await rig.client.send(post(CHUNKED) + chunk(LARGE));
      await files.untilOpen();
      assert.equal(rig.backend.connections.length, 0);
      await rig.client.send(chunk(''));
      const requests = new RequestReader(await rig.backend.accept());
      assert.deepEqual((await requests.head()).values('Content-Length'), [String(LARGE.length)]);
      assert.equal((await requests.body(LARGE.length)).toString(), LARGE);
      await files.untilNoneOpen();
      await requests.connection.send(OK);
      assert.equal((await rig.client.response('POST')).status, 200);
    },
  );

  it('flows on in chunks where the route says so', async () => {
    await rig.start({ proxy: { buffer: { request: 'off' } } });
    await rig.client.send(post(CHUNKED) + chunk('first'));
    const requests = new RequestReader(await rig.backend.accept());
    const received = await requests.head();
    assert.deepEqual(
      [received.values('Content-Length'), received.values('Transfer-Encoding')],
      [[], ['chunked']],
    );
    assert.equal(await requests.through('first\r\n'), chunk('first'));
    await rig.client.send(chunk('-last') + chunk(''));
    assert.equal(await requests.through('0\r\n\r\n'), chunk('-last') + chunk(''));
    await requests.connection.send(OK);
    assert.equal((await rig.client.response('POST')).status, 200);
  });

  it('that breaks off or breaks a rule never reaches the backend as a whole one', async () => {
    await rig.start();
    for (const [rest, status] of [
      ['x', 400],
      ['1\r\nab', 400],
    ] as const) {
      using sender = await RawConnection.connect(rig.proxy.port);
      await sender.send(post(CHUNKED) + chunk('a') + rest);
      assert.equal((await sender.response('POST')).status, status);
    }
    using leaving = await RawConnection.connect(rig.proxy.port);
    await leaving.send(post(CHUNKED) + chunk('a'));
    leaving.reset();
    await rig.proxy.server.untilLogged(3);
    assert.equal(rig.backend.connections.length, 0);
  });

  it('that breaks a rule on its way is never ended for the backend', async () => {
    await rig.start({ proxy: { buffer: { request: 'off' } } });
    await rig.client.send(post(CHUNKED) + chunk('a'));
    const requests = new RequestReader(await rig.backend.accept());
    await requests.through(chunk('a'));
    await rig.client.send('x\r\n');
    assert.equal((await rig.client.response('POST')).status, 400);
    await within(10_000, 'the backend is left', requests.connection.ended);
    assert.doesNotMatch(requests.connection.unread.toString(), /0\r\n\r\n$/);
  });

  it('larger than the limit is refused, and let go of', { skip: skipOpenFiles }, async () => {
    await rig.start({ limits: { bodyBytes: 150_000 } });
    await rig.client.send(post(CHUNKED) + chunk(LARGE) + chunk(LARGE) + chunk(''));
    assert.equal((await rig.client.response('POST')).status, 413);
    await files.untilNoneOpen();
    assert.equal(rig.backend.connections.length, 0);
  });
});

describe('a collected body that is not sent', { skip: skipOpenFiles }, () => {
  const collected = post(CHUNKED) + chunk(LARGE) + chunk('');

  it('is let go of when no server can be reached', async () => {
    await rig.start({}, [`http://127.0.0.1:${await freePort()}`]);
    await rig.client.send(collected);
    assert.equal((await rig.client.response('POST')).status, 502);
    await files.untilNoneOpen();
  });

  it('is let go of when the client goes while the connection is made', async () => {
    await using deaf = await DeafServer.start();
    await rig.start({}, [deaf.url]);
    await rig.client.send(collected);
    await files.untilOpen();
    rig.client.reset();
    await rig.proxy.server.untilLogged(1);
    await files.untilNoneOpen();
  });

  it('is let go of when the client goes while it waits for a connection', async () => {
    await rig.start({ upstream: { pool: { max: 1, idleTimeout: 60_000 } } });
    using other = await RawConnection.connect(rig.proxy.port);
    await other.send(head('GET / HTTP/1.1', 'Host: a'));
    await new RequestReader(await rig.backend.accept()).head();
    await rig.client.send(collected);
    await files.untilOpen();
    rig.client.reset();
    await rig.proxy.server.untilLogged(1);
    await files.untilNoneOpen();
  });

  it('is let go of when the server answers before it has all of it', async () => {
    await rig.start();
    const huge = 'x'.repeat(8 << 20);
    await rig.client.send(post(CHUNKED) + chunk(huge) + chunk(''));
    const peer = await rig.backend.accept();
    await peer.untilText('\r\n\r\n');
    peer.socket.pause();
    await peer.send(head('HTTP/1.1 413 Content Too Large', 'Content-Length: 0', 'Connection: close'));
    assert.equal((await rig.client.response('POST')).status, 413);
    await files.untilNoneOpen();
  });
});
