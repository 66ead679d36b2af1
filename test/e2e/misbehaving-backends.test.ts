/**
 * A backend that misbehaves on purpose, each way by its name: what the client gets, what the log says, and whether the
 * connection is used again, which it is only where nobody can doubt where the next answer begins.
 */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { chunk, get, head } from '../support/message.ts';
import { CHUNKED, OK, WAYS } from '../support/misbehaving-ways.ts';
import { ProxyRig } from '../support/proxy-rig.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { RequestReader } from '../support/request-reader.ts';

/** Milliseconds; the clock is coarse, 100 ms. */
const SOON = 200;

const rig = ProxyRig.perTest();

beforeEach(() => rig.start({ upstream: { timeouts: { connect: 1000, firstByte: SOON, idle: SOON } } }));

/** What the client gets. */
async function received(method: string): Promise<readonly [status: number, body: string] | 'broken off'> {
  try {
    const { status, body } = await rig.client.response(method);
    return [status, String(body)];
  } catch (error) {
    assert.match((error as Error).message, /ended (after|before|inside)|connection ended/);
    return 'broken off';
  }
}

/** The connection of the next request, and whether it is the same. */
async function nextIsServed(on: RequestReader): Promise<boolean> {
  using other = await RawConnection.connect(rig.proxy.port);
  await other.send(get('/next'));
  const count = rig.backend.connections.length;
  const same = on.head().then(
    () => true,
    () => new Promise<never>(() => {}),
  );
  const another = rig.backend.accept().then(async (connection) => {
    const requests = new RequestReader(connection);
    await requests.head();
    await connection.send(head('HTTP/1.1 204 No Content'));
    return false;
  });
  const kept = await Promise.race([same, another]);
  if (kept) await on.connection.send(head('HTTP/1.1 204 No Content'));
  assert.equal((await other.response()).status, 204, 'the next request gets its own answer');
  assert.equal(rig.backend.connections.length, kept ? count : count + (count === 1 ? 1 : 0));
  return kept;
}

describe('a backend that', () => {
  it('misbehaves does so in at least 30 ways here', () => assert.ok(WAYS.length >= 40));

  for (const { name, sends, leaves, request = get('/'), client: expected, error, cause, kept } of WAYS) {
    it(name, async () => {
      const [method] = request.split(' ', 1);
      await rig.client.send(request);
      const far = await rig.backend.accept();
      const requests = new RequestReader(far);
      await requests.head();
      if (sends !== '') await far.send(sends);
      if (leaves === 'end') far.halfClose();
      if (leaves === 'reset') far.reset();
      const got = await received(method);
      if (expected === 'broken off') assert.equal(got, expected);
      else assert.deepEqual(got === 'broken off' ? got : got.slice(0, expected.length), expected);
      const [logged] = await rig.proxy.server.untilLogged(1);
      assert.equal(logged.error, error);
      if (cause !== undefined) assert.equal(logged.cause, cause);
      assert.equal(await nextIsServed(requests), kept ?? false, 'the connection is used again');
    });
  }

  it('answers before it is asked is not believed', async () => {
    await rig.client.send(get('/'));
    const far = await rig.backend.accept();
    const requests = new RequestReader(far);
    await requests.head();
    await far.send(`${OK}ok`);
    assert.equal((await rig.client.response()).body.toString(), 'ok');
    // Nobody has asked again: whose answer would this be?
    await far.send(`${OK}no`);
    await far.ended;
    assert.equal(await nextIsServed(requests), false);
  });

  it('trickles is waited for while it goes on', async () => {
    await rig.client.send(get('/'));
    const far = await rig.backend.accept();
    await new RequestReader(far).head();
    const sending = far.sendByteByByte(CHUNKED + chunk('hello') + chunk(''));
    assert.equal((await rig.client.response()).body.toString(), 'hello');
    await sending;
  });
});
