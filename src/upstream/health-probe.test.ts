import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { DeafServer } from '../../test/support/deaf-server.ts';
import { head } from '../../test/support/message.ts';
import { freePort } from '../../test/support/ports.ts';
import { upstreamOptions, upstreamServer } from '../../test/support/proxy-server.ts';
import { RawBackend } from '../../test/support/raw-backend.ts';
import { within } from '../../test/support/until.ts';
import { HealthProbe } from './health-probe.ts';
import type { HealthOptions } from './health-schema.ts';

const HEALTH: HealthOptions = {
  path: '/healthz?deep=1',
  host: undefined,
  interval: 1000,
  timeout: 10_000,
  healthy: 1,
  unhealthy: 1,
  expect: { from: 200, to: 399 },
  body: undefined,
};

let backend: RawBackend;

beforeEach(async () => {
  backend = await RawBackend.start();
});
afterEach(() => backend[Symbol.dispose]());

/** What a check finds wrong; `well` for nothing. */
function check(health: Partial<HealthOptions> = {}, url = backend.url): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const options = upstreamOptions([url]);
  new HealthProbe(upstreamServer(url), options, { ...HEALTH, ...health }, (problem) =>
    resolve(problem ?? 'well'),
  ).start();
  return within(10_000, 'a result', promise);
}

/** Check a server that gives this answer; the request that it got comes back too. */
async function answered(
  answer: string,
  health: Partial<HealthOptions> = {},
): Promise<{ problem: string; request: string }> {
  const problem = check(health);
  const peer = await backend.accept();
  const request = await peer.untilText('\r\n\r\n');
  await peer.send(answer);
  const found = await problem;
  // It has one connection for itself, which is not kept.
  await within(10_000, 'the end of the connection', peer.ended);
  return { problem: found, request };
}

const ok = `${head('HTTP/1.1 200 OK', 'Content-Length: 11')}all is well`;

describe('a health check', () => {
  it('asks for the path with GET, on the Host that is configured or the server’s own', async () => {
    const { problem, request } = await answered(ok);
    assert.equal(problem, 'well');
    assert.match(request, /^GET \/healthz\?deep=1 HTTP\/1\.1\r\n/);
    assert.match(request, new RegExp(`\\r\\nHost: 127\\.0\\.0\\.1:${backend.port}\\r\\n`));
    assert.match((await answered(ok, { host: 'app.example' })).request, /\r\nHost: app\.example\r\n/);
  });

  it('is good or bad by the status', async () => {
    const status = async (line: string, from: number, to: number): Promise<string> =>
      (await answered(head(`HTTP/1.1 ${line}`, 'Content-Length: 0'), { expect: { from, to } })).problem;
    assert.equal(await status('301 Moved', 200, 399), 'well');
    assert.equal(await status('404 Not Found', 200, 399), 'status 404');
    assert.equal(await status('204 No Content', 200, 200), 'status 204');
    assert.equal(await status('503 Busy', 503, 503), 'well');
  });

  it('is good or bad by what the body holds', async () => {
    assert.equal((await answered(ok, { body: 'is well' })).problem, 'well');
    assert.equal((await answered(ok, { body: 'is ill' })).problem, 'another body');
    const long = `${head('HTTP/1.1 200 OK', 'Content-Length: 100000')}${'x'.repeat(100_000)}`;
    assert.equal((await answered(long, { body: 'x' })).problem, 'a body that is broken or too long');
  });

  it('is bad where there is no answer in time, no HTTP, or no server', async () => {
    assert.equal(await check({ timeout: 200 }), 'timeout');
    await using deaf = await DeafServer.start();
    assert.equal(await check({ timeout: 200 }, deaf.url), 'timeout');
    assert.equal(await check({}, `http://127.0.0.1:${await freePort()}`), 'ECONNREFUSED');
    const spoken = check();
    await backend.accept();
    await (await backend.accept()).send('SSH-2.0-OpenSSH_9.2\r\n');
    assert.equal(await spoken, 'upstream.malformed-response');
  });

  it('is good without a path where a connection can be made', async () => {
    assert.equal(await check({ path: undefined }), 'well');
    assert.equal(await within(10_000, 'the end', (await backend.accept()).ended), 'end');
    assert.equal(await check({ path: undefined }, `http://127.0.0.1:${await freePort()}`), 'ECONNREFUSED');
  });

  it('can be given up', async () => {
    const options = upstreamOptions([backend.url]);
    const probe = new HealthProbe(upstreamServer(backend.url), options, HEALTH, () => assert.fail());
    probe.start();
    const peer = await backend.accept();
    await peer.untilText('\r\n\r\n');
    probe.cancel();
    await within(10_000, 'the end', peer.ended);
  });
});
