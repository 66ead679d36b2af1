import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { get } from '../../test/support/message.ts';
import { field } from '../../test/support/parse-response.ts';
import { RawConnection } from '../../test/support/raw-connection.ts';
import { until, within } from '../../test/support/until.ts';
import { Listener } from '../net/listener.ts';
import { turnAway } from './turn-away.ts';

interface Told {
  readonly address: string;
  readonly id: string;
  readonly bytes: number;
}

const MOST = 50;

let listener: Listener;
let told: Told[];
let came = 0;
let gone = 0;

beforeEach(async () => {
  told = [];
  listener = await Listener.open({ host: '127.0.0.1', port: 0 }, false, (socket) => {
    came++;
    turnAway(socket, 'DreamServer/1', MOST, (address, id, bytes) => {
      gone++;
      told.push({ address, id, bytes });
    });
  });
});
afterEach(() => listener.close());

const connect = (): Promise<RawConnection> => RawConnection.connect(listener.port as number);

describe('a client that is one too many', () => {
  it('is told so, and when to come back, whether it has asked for something or not', async () => {
    for (const request of [get('/'), '']) {
      using client = await connect();
      if (request !== '') await client.send(request);
      const response = await client.response();
      assert.equal(response.status, 503);
      assert.equal(field(response, 'Retry-After'), '1');
      assert.equal(field(response, 'Connection'), 'close');
      assert.equal(field(response, 'Server'), 'DreamServer/1');
      assert.equal(await client.end(), 'end');
      client.halfClose();
      await until(() => told.length > 0, { what: 'it is told', every: 2 });
      const [{ address, id, bytes }] = told.splice(0);
      assert.deepEqual(
        [address, id, bytes],
        ['127.0.0.1', field(response, 'X-Request-Id'), response.body.length],
      );
    }
  });

  it('gets the whole answer even while it goes on sending', async () => {
    using client = await connect();
    const flood = client.send(Buffer.alloc(4 << 20, 'x')).catch(() => 'the server has closed');
    const response = await client.response();
    assert.equal(response.status, 503);
    await flood;
  });

  it('is not waited for when it does not close', async () => {
    using client = await connect();
    await client.response();
    await until(() => told.length === 1, { what: 'the connection is closed' });
  });

  it('is closed without a word where as many are being told', async () => {
    await until(() => gone === came, { what: 'those of other tests have gone', every: 2 });
    const clients = await Promise.all(Array.from({ length: MOST + 10 }, connect));
    const fates = await Promise.all(clients.map((client) => client.nextEvent()));
    assert.equal(fates.filter((fate) => fate === 'bytes').length, MOST);
    for (const client of clients) client.close();
    const tellsAgain = async (): Promise<boolean> => {
      using client = await connect();
      return (await client.nextEvent()) === 'bytes';
    };
    await until(tellsAgain, { what: 'there is room when they have gone' });
  });

  it('harms nobody when it goes at once', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, connect));
    for (const client of clients) client.reset();
    using after = await connect();
    assert.equal((await within(10_000, 'an answer', after.response())).status, 503);
  });
});
