import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { ListenerConfig, RouteConfig } from '../config/runtime-config.ts';
import { connectionRoom, mostTurnedAway, ownDescriptors } from './descriptor-limit.ts';

const tcp: ListenerConfig = { kind: 'tcp', address: ':0', host: undefined, port: 0, proxyProtocol: false };

/** A route of which nothing matters but its end. */
const route = (kind: RouteConfig['end']['kind']): RouteConfig =>
  ({ end: { kind } }) as unknown as RouteConfig;

const ok = [route('respond'), route('redirect')];
const proxy = (response?: object): RouteConfig =>
  ({ end: { kind: 'proxy', options: { buffer: { response } } } }) as unknown as RouteConfig;
const proxied = [route('respond'), proxy()];
const buffered = [proxy(), proxy({ memory: 1, file: 1 })];
const files = [route('files')];

describe('the connections of clients that there is room for', () => {
  for (const [listeners, routes, threads, limit, open, connections] of [
    // 1024 - 24 - (8 + 10) - 64 - 32
    [1, ok, 1, 1024, 24, 886],
    [1, proxied, 1, 1024, 24, 443],
    [1, files, 1, 1024, 24, 443],
    [1, buffered, 1, 1024, 24, 295],
    // 1024 - 23 - 2 (8 + 10) - 64 - 32
    [1, ok, 2, 1024, 23, 869],
    // 1024 - 23 - 4 (2 · 8 + 10) - 64 - 32, an odd number
    [2, ok, 4, 1024, 23, 801],
    [2, files, 4, 1024, 23, 400],
    // What a program has open besides counts.
    [1, ok, 1, 1024, 500, 410],
    // Of 18,659 and 983,369 that are left, 8192 for files and servers: not all clients are at work at the same time.
    // No more than a thousand clients in each of the 64 threads are told that they are too many.
    [1, files, 2, 20_000, 23, 10_467],
    [1, files, 64, 1_048_576, 23, 975_177],
    // There is always one.
    [1, files, 2, 64, 23, 1],
    [4, files, 64, 1024, 23, 1],
  ] as const) {
    const what = `${limit} descriptors, ${open} of them open, ${threads} thread(s), ${listeners} listener(s)`;
    test(`${connections}: ${what}, ${routes.map(({ end }) => end.kind).join(' and ')}`, () => {
      const config = { listeners: Array.from({ length: listeners }, () => tcp), routes };
      assert.equal(connectionRoom(config, threads, { limit, open }), connections);
    });
  }
});

describe('the clients that are told at the same time, in a thread, that they are too many', () => {
  for (const [limit, threads, most] of [
    [undefined, 2, 1000],
    [1_048_576, 2, 1000],
    [20_000, 1, 1000],
    [20_000, 2, 625],
    [1024, 2, 32],
    [200, 2, 6],
    [8, 2, 1],
  ] as const) {
    test(`${most} of ${limit ?? 'any number of'} descriptors with ${threads} thread(s)`, () => {
      assert.equal(mostTurnedAway(limit, threads), most);
    });
  }
});

describe('the system', { skip: process.platform === 'linux' ? false : 'only Linux tells' }, () => {
  test('tells how many files this process may open, as Node has raised it, and how many it has', () => {
    const file = new URL('./descriptor-limit.ts', import.meta.url).href;
    const script = `
      import { ownDescriptors } from ${JSON.stringify(file)};
      const { limit, open } = ownDescriptors();
      console.log(limit, open);
    `;
    const shell = 'ulimit -Sn 100 && ulimit -Hn 300 && exec "$0" "$@"';
    const node = [process.execPath, '--input-type=module-typescript', '-e', script];
    const [limit, open] = execFileSync('sh', ['-c', shell, ...node], { encoding: 'utf8' }).split(' ');
    assert.equal(Number(limit), 300);
    assert.ok(Number(open) > 3 && Number(open) < 100, open);
  });

  test('tells of each file that is opened', () => {
    const before = Number(ownDescriptors()?.open);
    const fd = openSync('/dev/null', 'r');
    try {
      assert.equal(ownDescriptors()?.open, before + 1);
    } finally {
      closeSync(fd);
    }
  });
});
