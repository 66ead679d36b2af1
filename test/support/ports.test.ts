import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';

import { accepts, freePort } from './ports.ts';

const [first = 0, last = 0] =
  process.platform === 'linux'
    ? readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/).map(Number)
    : [];
const skip = first < 20_480 ? 'outgoing connections may have any port here' : false;

test('a free port is none that the kernel gives to an outgoing connection', { skip }, async () => {
  for (let i = 0; i < 100; i++) {
    const port = await freePort();
    assert.ok(port < first || port > last, `${port} of ${first}–${last}`);
  }
});

test('nobody listens on a free port, and it is given only once', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const taken = (server.address() as AddressInfo).port;
  const ports = new Set<number>();
  for (let i = 0; i < 200; i++) ports.add(await freePort());
  server.close();
  assert.equal(ports.size, 200);
  assert.ok(!ports.has(taken));
  for (const port of [...ports].slice(0, 20)) assert.equal(await accepts(port), false);
});
