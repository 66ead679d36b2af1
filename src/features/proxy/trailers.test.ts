/** Trailer fields: both ways for who says that it takes them, and never one that could change what has been decided. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { chunk, head } from '../../../test/support/message.ts';
import { field } from '../../../test/support/parse-response.ts';
import { ProxyRig } from '../../../test/support/proxy-rig.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';
import { RequestReader } from '../../../test/support/request-reader.ts';

const CHUNKED = 'Transfer-Encoding: chunked';
const TAKES = ['TE: trailers', 'Connection: TE'];
const END = '0\r\nDigest: x\r\nContent-Length: 3\r\nX_Forwarded_For: 6.6.6.6\r\n\r\n';
const ANSWER = `${head('HTTP/1.1 200 OK', CHUNKED, 'Trailer: Digest')}${chunk('hello')}${END}`;
const OK = head('HTTP/1.1 204 No Content');

const rig = ProxyRig.perTest();

beforeEach(() => rig.start({ proxy: { buffer: { request: 'off' } } }));

describe('the trailers of an answer', () => {
  it('go to a client that takes them, announced as the backend did, without those that must not follow a body', async () => {
    await rig.client.send(head('GET / HTTP/1.1', 'Host: a', ...TAKES));
    const requests = new RequestReader(await rig.backend.accept());
    const asked = await requests.head();
    assert.deepEqual([asked.values('TE'), asked.values('Connection')], [['trailers'], ['TE']]);
    await requests.connection.send(ANSWER);
    const response = await rig.client.response();
    assert.equal(String(response.body), 'hello');
    assert.equal(field(response, 'Trailer'), 'Digest');
    assert.deepEqual(response.trailers, [['Digest', 'x']]);
  });

  it('are dropped for a client that does not say so, and for HTTP/1.0', async () => {
    for (const request of [head('GET / HTTP/1.1', 'Host: a'), head('GET / HTTP/1.0', ...TAKES)]) {
      using other = await RawConnection.connect(rig.proxy.port);
      await other.send(request);
      const requests = new RequestReader(await rig.backend.accept());
      assert.deepEqual((await requests.head()).values('TE').length, request.includes('1.0') ? 1 : 0);
      await requests.connection.send(ANSWER);
      const response = await other.response();
      assert.equal(String(response.body), 'hello');
      assert.deepEqual([response.trailers, field(response, 'Trailer')], [[], undefined]);
      requests.connection.close();
    }
  });
});

describe('the trailers of a request', () => {
  it('go on behind a body that streams, where the client speaks of trailers', async () => {
    await rig.client.send(head('POST / HTTP/1.1', 'Host: a', CHUNKED, ...TAKES) + chunk('hello') + END);
    const requests = new RequestReader(await rig.backend.accept());
    await requests.head();
    assert.equal(await requests.through('\r\n\r\n'), `${chunk('hello')}0\r\nDigest: x\r\n\r\n`);
    await requests.connection.send(OK);
    assert.equal((await rig.client.response('POST')).status, 204);
  });

  it('are dropped otherwise', async () => {
    await rig.client.send(head('POST / HTTP/1.1', 'Host: a', CHUNKED) + chunk('hello') + END);
    const requests = new RequestReader(await rig.backend.accept());
    await requests.head();
    assert.equal(await requests.through('0\r\n\r\n'), `${chunk('hello')}0\r\n\r\n`);
    await requests.connection.send(OK);
    assert.equal((await rig.client.response('POST')).status, 204);
  });
});
