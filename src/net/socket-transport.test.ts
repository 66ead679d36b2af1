import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { LookupAddress } from 'node:dns';
import { connect, createServer, type AddressInfo, type LookupFunction } from 'node:net';
import { describe, it } from 'node:test';
import { freePort } from '../../test/support/ports.ts';
import { RawBackend } from '../../test/support/raw-backend.ts';
import { temporaryDirectory } from '../../test/support/temp.ts';
import { EventRecorder } from '../../test/support/transport-pair.ts';
import { sharedReadBuffer } from '../core/read-buffer.ts';
import { Listener } from './listener.ts';
import { plainAddress } from './plain-address.ts';
import { SocketTransport } from './socket-transport.ts';
import type { OpenTransport } from './transport.ts';

/** A name service that knows the addresses of every host. */
function answering(addresses: readonly LookupAddress[]): LookupFunction {
  return (_host, _options, done) => done(null, [...addresses]);
}

describe('a connection that we make', () => {
  it('tells when it stands, and reads into a buffer of its own from the start', async () => {
    using backend = await RawBackend.start();
    const events = new EventRecorder();
    const buffers: Buffer[] = [];
    events.onData = (bytes) => buffers.push(bytes);
    const transport = await new Promise<OpenTransport>((resolve) => {
      SocketTransport.connecting({ host: '127.0.0.1', port: backend.port }, events, resolve);
    });
    const peer = await backend.accept();
    transport.write('hello');
    await peer.untilText('hello');
    await peer.send('hi');
    await events.until('data hi');
    assert.notEqual(buffers[0], sharedReadBuffer);
    assert.deepEqual(transport.peer, { address: '127.0.0.1', port: backend.port, secure: false });
    peer.halfClose();
    await events.until('ended');
    // Its other half is still open: a tunnel may have more to say.
    transport.write('more');
    await peer.untilText('more');
    transport.end();
    await events.until('closed');
    assert.deepEqual(events.told, ['data hi', 'ended', 'closed']);
  });

  it('reads what comes also where it is to the second address of the host', async () => {
    using backend = await RawBackend.start();
    const events = new EventRecorder();
    const addresses = [
      { address: '127.0.0.2', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ];
    const { port } = backend;
    const target = { host: 'backend.example', port, lookup: answering(addresses) };
    const transport = await new Promise<OpenTransport>((resolve) => {
      SocketTransport.connecting(target, events, resolve);
    });
    const peer = await backend.accept();
    await peer.send('hi');
    await events.until('data');
    await peer.send('and more');
    await events.until('data and');
    transport.destroy();
    await events.until('closed');
    assert.deepEqual(events.told, ['data hi', 'data and more', 'closed']);
  });

  it('tells the reason of the system when it cannot be made', async () => {
    const port = await freePort();
    const events = new EventRecorder();
    SocketTransport.connecting({ host: '127.0.0.1', port }, events, () => assert.fail('connected'));
    await events.until('closed');
    assert.deepEqual(events.told, ['closed ECONNREFUSED']);
  });

  it('can be given up while it is made', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const events = new EventRecorder();
    const { port } = server.address() as AddressInfo;
    const transport = SocketTransport.connecting({ host: '127.0.0.1', port }, events, () =>
      assert.fail('connected'),
    );
    transport.destroy();
    await events.until('closed');
    assert.deepEqual(events.told, ['closed']);
    server.close();
  });
});

describe('a connection on a unix socket', () => {
  it('knows no reset: it is an end', async () => {
    using directory = temporaryDirectory();
    const path = directory.join('reset.sock');
    const { promise, resolve } = Promise.withResolvers<OpenTransport>();
    const listener = await Listener.open({ path }, false, resolve);
    const client = connect(path);
    const events = new EventRecorder();
    const transport = await promise;
    transport.open(events);
    const ended = once(client.resume(), 'close');
    transport.reset();
    await Promise.all([events.until('closed'), ended]);
    listener.close();
  });
});

describe('an address', () => {
  it('is written in its shortest form', () => {
    assert.equal(plainAddress('::ffff:192.0.2.1'), '192.0.2.1');
    assert.equal(plainAddress('192.0.2.1'), '192.0.2.1');
    assert.equal(plainAddress('2001:db8::1'), '2001:db8::1');
    assert.equal(plainAddress('::ffff:c000:201'), '::ffff:c000:201');
    assert.equal(plainAddress(undefined), 'unix');
  });
});
