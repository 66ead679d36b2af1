/** A client that does not read its answer, and an application that can answer one client at a time. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { Gunicorn } from '../support/gunicorn.ts';
import { get } from '../support/message.ts';
import { requires } from '../support/packages.ts';
import { exchange, RawConnection } from '../support/raw-connection.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

/** Makes an answer that no buffers of the system hold. */
const TIMES = 2_000_000;

suite('gunicorn with one worker and one thread', { skip: requires('gunicorn') }, () => {
  let server: DreamServer;

  before(async () => {
    const gunicorn = resources.use(await Gunicorn.atPath(1));
    server = resources.use(
      await startDreamServer({
        routes: [{ proxy: { to: gunicorn.url, buffer: { response: 'on' } } }],
        workers: 1,
      }),
    );
  });

  test('answers others while clients do not read their long answers, which they get whole later', async () => {
    const slow: RawConnection[] = [];
    for (let count = 0; count < 3; count++) {
      const client = await RawConnection.connect(server.port);
      client.socket.pause();
      await client.send(get(`/slow?${TIMES}`));
      slow.push(client);
    }
    assert.equal((await exchange(server.port, get('/quick'))).body.toString(), 'GET\n/quick\nlocalhost\n0');
    for (const client of slow) {
      client.socket.resume();
      const { body } = await client.response('GET', 60_000);
      assert.equal(body.length, TIMES * 'GET\n/slow\nlocalhost\n0'.length);
      client.close();
    }
  });
});
