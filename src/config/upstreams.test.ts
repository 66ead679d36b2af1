import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryDirectory } from '../../test/support/temp.ts';
import type { UpstreamOptions } from '../upstream/schema.ts';
import { loadConfig } from './read.ts';

/** The upstream of two servers with these further keys. */
async function upstream(keys: string): Promise<UpstreamOptions> {
  using directory = temporaryDirectory();
  const api = `{ servers: ["http://10.0.0.1", "http://10.0.0.2"], ${keys} }`;
  const text = `upstreams: { api: ${api} }\nroutes: [{ proxy: api }]`;
  const config = await loadConfig(directory.write('dreamserver.yaml', text));
  return config.upstreams[0];
}

test('upstreams are balanced as they say, and no other way', async () => {
  const balance = async (keys: string): Promise<unknown> => (await upstream(keys)).balance;
  assert.equal(await balance('balance: random-two'), 'random-two');
  assert.deepEqual(await balance('balance: { hash: "cookie:id" }'), { hash: 'cookie:id' });
  await assert.rejects(
    balance('balance: random'),
    /expected `round-robin`, `least-requests`, `random-two` or/,
  );
  for (const hash of ['ip', '"header:"', '"cookie:a b"', '"header:x;y"']) {
    await assert.rejects(balance(`balance: { hash: ${hash} }`), /expected `client-ip`, `uri`/, hash);
  }
});

test('upstreams keep clients by a cookie with a secret of their own, or one made of the servers', async () => {
  const sticky = async (text: string): Promise<unknown> => (await upstream(`sticky: ${text}`)).sticky;
  const made = { cookie: 'id', secret: 'http://10.0.0.1 http://10.0.0.2' };
  assert.deepEqual(await sticky('{ cookie: id }'), made);
  assert.deepEqual(await sticky('{ cookie: id, secret: s }'), { cookie: 'id', secret: 's' });
  for (const text of ['true', '{}', '{ cookie: "a b" }', '{ cookie: "a;" }', '{ cookie: id, secret: "" }']) {
    await assert.rejects(sticky(text), text);
  }
});

test('upstreams send again what they say, and what they do not understand is refused', async () => {
  const retry = async (text: string): Promise<unknown> => (await upstream(`retry: ${text}`)).retry;
  const made = { attempts: 2, reset: false, timeout: true, statuses: [503], budget: 0.05, within: 1000 };
  assert.deepEqual(await retry('{ attempts: 2, on: [timeout, "503"], budget: 5%, within: 1s }'), made);
  assert.deepEqual(await retry('false'), {
    ...made,
    attempts: 1,
    timeout: false,
    statuses: [],
    budget: 0.2,
    within: 0,
  });
  for (const text of ['true', '{ on: ["500"] }', '{ budget: 120% }', '{ budget: 0.2 }', '{ attempts: 0 }']) {
    await assert.rejects(retry(text), text);
  }
});

test('upstreams eject servers only where that is asked for', async () => {
  const eject = async (text: string): Promise<unknown> => (await upstream(`eject: ${text}`)).eject;
  assert.deepEqual(await eject('{}'), { failures: 5, window: 10_000, for: 30_000, share: 1 });
  assert.deepEqual(await eject('{ failures: 1, window: 1s, for: 2s, share: 50% }'), {
    failures: 1,
    window: 1000,
    for: 2000,
    share: 0.5,
  });
  for (const text of ['true', '{ failures: 0 }', '{ for: 0 }', '{ share: 101% }']) {
    await assert.rejects(eject(text), text);
  }
});

test('upstreams break circuits only where that is asked for', async () => {
  const breaker = async (text: string): Promise<unknown> => (await upstream(`breaker: ${text}`)).breaker;
  assert.deepEqual(await breaker('{}'), {
    failures: 0.5,
    requests: 20,
    window: 10_000,
    open: 5000,
    maxOpen: 5000,
    halfOpen: 1,
    statuses: [502, 503, 504].map((status) => ({ from: status, to: status })),
    slow: 0,
  });
  const all = 'failures: 5%, requests: 1, window: 1s, open: 1s, maxOpen: 1m, halfOpen: 3';
  assert.deepEqual(await breaker(`{ ${all}, statuses: [429, 500-599], slow: 2s }`), {
    failures: 0.05,
    requests: 1,
    window: 1000,
    open: 1000,
    maxOpen: 60_000,
    halfOpen: 3,
    statuses: [
      { from: 429, to: 429 },
      { from: 500, to: 599 },
    ],
    slow: 2000,
  });
  await assert.rejects(breaker('{ maxOpen: 1s }'), /no less time than `open`/);
  await assert.rejects(breaker('{ statuses: [5xx] }'), /such as `503` or `500-599`/);
  for (const text of ['true', '{ failures: 0% }', '{ failures: 5 }', '{ window: 0 }', '{ halfOpen: 0 }']) {
    await assert.rejects(breaker(text), text);
  }
});

test('upstreams limit requests in flight as they say, for all servers or for one', async () => {
  assert.equal((await upstream('maxRequests: 100')).maxRequests, 100);
  for (const text of ['maxRequests: 0', 'maxRequests: 1.5']) await assert.rejects(upstream(text), text);
  using directory = temporaryDirectory();
  const servers = '["http://10.0.0.1", { url: "http://10.0.0.2", maxRequests: 5 }]';
  const file = directory.write(
    'dreamserver.yaml',
    `upstreams: { api: { servers: ${servers} } }\nroutes: [{ proxy: api }]`,
  );
  const [api] = (await loadConfig(file)).upstreams;
  assert.deepEqual(
    [api.maxRequests, ...api.servers.map((each) => each.maxRequests)],
    [undefined, undefined, 5],
  );
});

test('upstreams check servers as they say', async () => {
  const health = async (text: string): Promise<unknown> => (await upstream(`health: ${text}`)).health;
  const made = { interval: 5000, timeout: 2000, healthy: 2, unhealthy: 3, expect: { from: 200, to: 399 } };
  const tcp = { ...made, path: undefined, host: undefined, body: undefined };
  assert.deepEqual(await health('{}'), tcp);
  assert.deepEqual(await health('{ path: "/h?a", expect: 204, body: ok, host: a.example }'), {
    ...made,
    path: '/h?a',
    host: 'a.example',
    expect: { from: 204, to: 204 },
    body: 'ok',
  });
  await assert.rejects(health('{ body: ok }'), /`body` is for checks with a `path`/);
  for (const text of ['true', '{ path: h }', '{ path: "/a b" }', '{ expect: 399-200 }', '{ interval: 0 }']) {
    await assert.rejects(health(text), text);
  }
});
