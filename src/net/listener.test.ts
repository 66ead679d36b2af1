import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { accepts } from '../../test/support/ports.ts';
import { RawConnection } from '../../test/support/raw-connection.ts';
import { temporaryDirectory } from '../../test/support/temp.ts';
import { EventRecorder } from '../../test/support/transport-pair.ts';
import { HandleTransport } from './handle-transport.ts';
import { Listener } from './listener.ts';
import type { OpenTransport } from './transport.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

describe('a listener', () => {
  it('accepts connections as handles, which are read from once they are opened', async () => {
    const { promise, resolve } = Promise.withResolvers<OpenTransport>();
    const listener = await Listener.open(LOOPBACK, false, resolve);
    using client = await RawConnection.connect(listener.port as number);
    await client.send('hello');
    const transport = await promise;
    assert.ok(transport instanceof HandleTransport);
    const events = new EventRecorder();
    transport.open(events);
    await events.until('data hello');
    transport.destroy();
    listener.close();
  });

  it('tells which port it was given', async () => {
    const listener = await Listener.open(LOOPBACK, false, () => {});
    assert.equal(await accepts(listener.port as number), true);
    listener.close();
  });

  it('is refused a port that is taken, with the error of the system', async () => {
    const first = await Listener.open(LOOPBACK, false, () => {});
    const second = Listener.open({ host: '127.0.0.1', port: first.port }, false, () => {});
    await assert.rejects(second, { code: 'EADDRINUSE' });
    first.close();
  });

  it(
    'shares a port with others that want to',
    { skip: process.platform === 'linux' ? false : 'the system spreads connections on Linux only' },
    async () => {
      const first = await Listener.open(LOOPBACK, true, () => {});
      const second = await Listener.open({ host: '127.0.0.1', port: first.port }, true, () => {});
      assert.equal(second.port, first.port);
      first.close();
      second.close();
    },
  );

  it(
    'lets several connections in with each turn of the event loop, however long that is',
    { skip: process.platform === 'linux' ? false : 'the system spreads connections on Linux only' },
    async () => {
      let accepted = 0;
      const listener = await Listener.open(LOOPBACK, true, (transport) => {
        accepted++;
        transport.destroy();
      });
      const count = 64;
      const connected = new Int32Array(new SharedArrayBuffer(4));
      const program = new URL('../../test/support/connecting-worker.ts', import.meta.url);
      const client = new Worker(program, { workerData: { port: listener.port, count, connected } });
      try {
        assert.notEqual(Atomics.wait(connected, 0, 0, 10_000), 'timed-out');
        let turns = 0;
        for (; accepted < count && turns < count; turns++) await setImmediate();
        assert.ok(turns < count / 2, `${accepted} of ${count} connections in ${turns} turns`);
      } finally {
        await client.terminate();
        listener.close();
      }
    },
  );

  it('on a unix socket has a path and no port', async () => {
    using directory = temporaryDirectory();
    const path = directory.join('listener.sock');
    const { promise, resolve } = Promise.withResolvers<OpenTransport>();
    const listener = await Listener.open({ path }, false, resolve);
    assert.equal(listener.port, undefined);
    const client = connect(path);
    await once(client, 'connect');
    (await promise).destroy();
    client.destroy();
    listener.close();
    assert.equal(existsSync(path), false);
  });

  for (const [what, makeRoom] of [
    ['removed', (path: string) => rmSync(path)],
    ['moved', (path: string) => renameSync(path, `${path}.old`)],
  ] as const) {
    it(`on a unix socket that was ${what} leaves its successor alone`, async () => {
      using directory = temporaryDirectory();
      const path = directory.join('listener.sock');
      const first = await Listener.open({ path }, false, (transport) => transport.destroy());
      makeRoom(path);
      const { promise, resolve } = Promise.withResolvers<OpenTransport>();
      const second = await Listener.open({ path }, false, resolve);
      first.close();
      first.close();
      try {
        const client = connect(path);
        await once(client, 'connect');
        (await promise).destroy();
        client.destroy();
      } finally {
        second.close();
      }
      assert.equal(existsSync(path), false);
    });
  }

  it('on a unix socket leaves alone the file that has taken its place', async () => {
    using directory = temporaryDirectory();
    const path = directory.join('listener.sock');
    const listener = await Listener.open({ path }, false, () => {});
    rmSync(path);
    directory.write('listener.sock', 'precious');
    listener.close();
    assert.ok(existsSync(path));
  });

  it('is refused the path of a unix socket that is taken, and leaves nothing behind', async () => {
    using directory = temporaryDirectory();
    const path = directory.join('listener.sock');
    const listener = await Listener.open({ path }, false, () => {});
    assert.deepEqual(readdirSync(directory.path), ['listener.sock']);
    await assert.rejects(
      Listener.open({ path }, false, () => {}),
      { code: 'EADDRINUSE', address: path },
    );
    assert.deepEqual(readdirSync(directory.path), ['listener.sock']);
    listener.close();
    assert.deepEqual(readdirSync(directory.path), []);
  });

  it('takes a path of a unix socket that is as long as the system allows, and no longer', async () => {
    using directory = temporaryDirectory();
    const longest = process.platform === 'linux' ? 108 : 104;
    const path = directory.join('s'.repeat(longest - directory.path.length - 1));
    assert.equal(path.length, longest);
    const listener = await Listener.open({ path }, false, () => {});
    assert.ok(existsSync(path));
    listener.close();
    assert.deepEqual(readdirSync(directory.path), []);
    await assert.rejects(Listener.open({ path: `${path}s` }, false, () => {}));
    assert.deepEqual(readdirSync(directory.path), []);
  });

  it('accepts no more once it is closed; what was accepted goes on', async () => {
    const { promise, resolve } = Promise.withResolvers<OpenTransport>();
    const listener = await Listener.open(LOOPBACK, false, resolve);
    const port = listener.port as number;
    using client = await RawConnection.connect(port);
    const transport = await promise;
    listener.close();
    assert.equal(await accepts(port), false);
    transport.write('still here');
    await client.untilText('still here');
    transport.destroy();
  });
});
