import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { temporaryDirectory } from '../../test/support/temp.ts';
import { removeStaleSocket } from './stale-socket.ts';

test('a socket that nobody listens on any more is removed', async () => {
  using directory = temporaryDirectory();
  const path = directory.join('stale.sock');
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  assert.equal(spawnSync(process.execPath, ['-e', script]).signal, 'SIGKILL');
  assert.ok(existsSync(path));
  await removeStaleSocket(path);
  assert.ok(!existsSync(path));
});

test('a socket in use, a file, and nothing at all are left alone', async () => {
  using directory = temporaryDirectory();
  const path = directory.join('live.sock');
  const server = createServer((socket) => socket.end()).listen(path);
  await once(server, 'listening');
  await removeStaleSocket(path);
  assert.ok(existsSync(path));
  server.close();
  const file = directory.write('file', 'precious');
  await removeStaleSocket(file);
  assert.ok(existsSync(file));
  await removeStaleSocket(directory.join('absent'));
});
