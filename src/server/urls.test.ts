import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { describe, test } from 'node:test';
import { localUrl, networkUrls } from './urls.ts';

describe('the URL for this machine', () => {
  for (const [address, port, url] of [
    [':8080', 8080, 'http://localhost:8080'],
    ['0.0.0.0:0', 41_234, 'http://localhost:41234'],
    ['[::]:80', 80, 'http://localhost'],
    ['192.0.2.1:81', 81, 'http://192.0.2.1:81'],
    ['[::1]:81', 81, 'http://[::1]:81'],
    ['unix:/run/ds.sock', undefined, 'unix:/run/ds.sock'],
  ] as const) {
    test(`of ${address} is ${url}`, () => {
      assert.equal(localUrl({ address, port }), url);
    });
  }
});

describe('the URLs for others', () => {
  const own = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80'));

  test('are those of all addresses in networks, where all are listened on', () => {
    const hosts = networkUrls([{ address: ':8080', port: 8080 }]).map((url) => new URL(url).hostname);
    assert.deepEqual(
      hosts.sort(),
      own.map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address)).sort(),
    );
  });

  test('are of IPv4 alone where IPv4 is', () => {
    const urls = networkUrls([{ address: '0.0.0.0:80', port: 80 }]);
    assert.equal(urls.length, own.filter(({ family }) => family === 'IPv4').length);
    assert.ok(urls.every((url) => /^http:\/\/[\d.]+$/.test(url)));
  });

  test('are none where one address is listened on', () => {
    assert.deepEqual(
      networkUrls([
        { address: '127.0.0.1:80', port: 80 },
        { address: 'unix:/x', port: undefined },
      ]),
      [],
    );
  });
});
