import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { until } from '../../test/support/until.ts';
import { sendQueue } from './send-queues.ts';

const skip = process.platform === 'linux' ? false : 'only Linux tells';

describe('what the system holds of what was sent', () => {
  for (const [host, listen] of [
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1', '::'],
    ['::1', '::1'],
  ] as const) {
    it(`is known for a connection from ${host} to ${listen}`, { skip }, async () => {
      const server = createServer().listen(0, listen);
      await once(server, 'listening');
      const accepted = once(server, 'connection') as Promise<[Socket]>;
      const client = connect((server.address() as AddressInfo).port, host);
      const [socket] = await accepted;
      client.pause();
      socket.write(Buffer.alloc(16 << 20));
      const { localPort = 0, remotePort = 0 } = socket;
      const held = await until(async () => (await sendQueue(localPort, host, remotePort)) || undefined, {
        what: 'the client does not read',
      });
      assert.ok(held > 0 && held < 16 << 20);
      client.resume();
      await until(async () => (await sendQueue(localPort, host, remotePort)) === 0, { what: 'it has read' });
      client.destroy();
      server.close();
    });
  }

  it('of a connection that there is not is nothing', async () => {
    assert.equal(await sendQueue(1, '192.0.2.1', 1), 0);
  });
});
