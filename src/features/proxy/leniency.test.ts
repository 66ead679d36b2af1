/** What is let pass in one direction is not handed on in the other: both sides get it in the one form that we write. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { head } from '../../../test/support/message.ts';
import { field } from '../../../test/support/parse-response.ts';
import { ProxyRig } from '../../../test/support/proxy-rig.ts';
import { RequestReader } from '../../../test/support/request-reader.ts';
import { leniencyOf, REQUEST_LENIENCIES, RESPONSE_LENIENCIES } from '../../http1/leniency.ts';

const REQUEST =
  'POST / HTTP/1.1\nHost: a\r\nX-Folded: one\n\ttwo\nContent-Length: 2, 2\nContent-Length: 2\n\nhi';
const ANSWER = 'HTTP/1.1 200\nX-Folded: one\n two\nTransfer-Encoding: chunked\n\n5 \r\nhello\r\n0\t\r\n\r\n';

const rig = ProxyRig.perTest();

describe('a leniency', () => {
  it('for clients lets their requests pass, which the upstream gets well formed', async () => {
    await rig.start({ lenient: leniencyOf(REQUEST_LENIENCIES) });
    await rig.client.send(REQUEST);
    const requests = new RequestReader(await rig.backend.accept());
    const request = await requests.head();
    assert.deepEqual(request.values('Content-Length'), ['2']);
    assert.deepEqual(request.values('X-Folded'), ['one  two']);
    await requests.connection.send(head('HTTP/1.1 204 No Content'));
    assert.equal((await rig.client.response('POST')).status, 204);
  });

  it('for an upstream lets its answers pass, which the client gets well formed', async () => {
    await rig.start({ upstream: { lenient: leniencyOf(RESPONSE_LENIENCIES) } });
    await rig.client.send(head('GET / HTTP/1.1', 'Host: a'));
    const requests = new RequestReader(await rig.backend.accept());
    await requests.head();
    await requests.connection.send(ANSWER);
    const response = await rig.client.response();
    assert.equal(response.status, 200);
    assert.equal(field(response, 'X-Folded'), 'one  two');
    assert.equal(String(response.body), 'hello');
  });

  it('is for the one side only that it is given for', async () => {
    await rig.start({ upstream: { lenient: leniencyOf(RESPONSE_LENIENCIES) } });
    await rig.client.send(REQUEST);
    assert.equal((await rig.client.response('POST')).status, 400);
    await rig.start({ lenient: leniencyOf(REQUEST_LENIENCIES) });
    await rig.client.send(head('GET / HTTP/1.1', 'Host: a'));
    const requests = new RequestReader(await rig.backend.accept());
    await requests.head();
    await requests.connection.send(ANSWER);
    assert.equal((await rig.client.response()).status, 502);
  });
});
