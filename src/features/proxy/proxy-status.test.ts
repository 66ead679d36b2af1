import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { get, head } from '../../../test/support/message.ts';
import { field, type RawResponse } from '../../../test/support/parse-response.ts';
import { freePort } from '../../../test/support/ports.ts';
import { startProxy, type ProxySetup } from '../../../test/support/proxy-server.ts';
import { RawBackend } from '../../../test/support/raw-backend.ts';
import { RawConnection, exchange } from '../../../test/support/raw-connection.ts';
import { RequestReader } from '../../../test/support/request-reader.ts';
import { errorCatalogue, type ErrorCode } from '../../core/errors.ts';
import { validField } from '../../http/header-list.ts';
import { proxyStatus } from './proxy-status.ts';

/** What a client gets when the backend answers with these bytes. */
async function answered(bytes: string, setup: ProxySetup = {}): Promise<RawResponse> {
  using backend = await RawBackend.start();
  await using proxy = await startProxy([backend.url], setup);
  using client = await RawConnection.connect(proxy.port);
  await client.send(get('/'));
  const connection = await backend.accept();
  await new RequestReader(connection).head();
  await connection.send(bytes);
  const response = await client.response();
  return response;
}

const AMBIGUOUS = head('HTTP/1.1 200 OK', 'Content-Length: 1', 'Transfer-Encoding: chunked');

describe('Proxy-Status (RFC 9209)', () => {
  it('tells the failure in the words of the standard, and in ours as details', async () => {
    const response = await answered(AMBIGUOUS);
    assert.equal(response.status, 502);
    assert.equal(
      field(response, 'Proxy-Status'),
      'dreamserver; error=http_protocol_error; details="upstream.ambiguous-framing: http1.framing.length-and-coding"',
    );
  });

  it('tells the error of the system where nothing could be sent', async () => {
    await using proxy = await startProxy([`http://127.0.0.1:${await freePort()}`]);
    assert.equal(
      field(await exchange(proxy.port, get('/')), 'Proxy-Status'),
      'dreamserver; error=connection_refused; details="upstream.connect-failed: ECONNREFUSED"',
    );
    const [{ error, cause }] = await proxy.server.untilLogged(1);
    assert.deepEqual([error, cause], ['upstream.connect-failed', 'ECONNREFUSED']);
  });

  it('is not there where the answer is the upstream’s own, and where it is turned off', async () => {
    const own = await answered(`${head('HTTP/1.1 502 Bad Gateway', 'Content-Length: 0')}`);
    assert.equal(field(own, 'Proxy-Status'), undefined);
    const off = await answered(AMBIGUOUS, { proxy: { proxyStatus: false } });
    assert.deepEqual([off.status, field(off, 'Proxy-Status')], [502, undefined]);
  });

  it('is a field for every code that there is', () => {
    for (const code of Object.keys(errorCatalogue) as ErrorCode[]) {
      const value = proxyStatus(code, undefined);
      assert.ok(validField('Proxy-Status', value), value);
      assert.match(value, /^dreamserver; error=[a-z_]+; details="[a-z0-9.-]+"$/);
      if (code.startsWith('upstream.')) assert.doesNotMatch(value, /proxy_internal_error/, code);
    }
  });
});
