/** How tunnels end: in whatever order their two halves do, and when one side vanishes, falls silent or takes no more. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HandlerServer } from '../../../test/support/handler-server.ts';
import { get, head } from '../../../test/support/message.ts';
import { ProxyRig } from '../../../test/support/proxy-rig.ts';
import type { ProxySetup } from '../../../test/support/proxy-server.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';
import { RequestReader } from '../../../test/support/request-reader.ts';
import { Tap } from '../../../test/support/tap.ts';
import { until, within } from '../../../test/support/until.ts';
import { emptyBody, type Body } from '../../http/body.ts';
import { Response } from '../../http/response.ts';

/** Milliseconds; the clock is coarse, 100 ms. */
const SOON = 300;
const ASK = get('/chat', 'Connection: upgrade', 'Upgrade: x');
const SWITCH = head('HTTP/1.1 101 Switching', 'Upgrade: x', 'Connection: upgrade');

const rig = ProxyRig.perTest();

interface Far {
  readonly far: RawConnection;
  readonly requests: RequestReader;
}

/** The backend's end, before it has answered. */
async function asked(request = ASK, setup: ProxySetup = {}): Promise<Far> {
  await rig.start(setup);
  await rig.client.send(request);
  const far = await rig.backend.accept();
  const requests = new RequestReader(far);
  await requests.head();
  return { far, requests };
}

async function tunnel(setup: ProxySetup = {}): Promise<Far> {
  const both = await asked(ASK, setup);
  await both.far.send(SWITCH);
  assert.equal((await rig.client.response()).status, 101);
  return both;
}

const logged = async (): Promise<readonly [number, string | undefined]> => {
  const [{ status, error }] = await rig.proxy.server.untilLogged(1);
  return [status, error];
};

/** Sends until the connection takes no more. */
const sendUntilBroken = (connection: RawConnection): Promise<void> =>
  assert.rejects(
    within(
      10_000,
      'it is broken',
      (async () => {
        for (;;) {
          await connection.send('x'.repeat(1000));
          await new Promise(setImmediate);
        }
      })(),
    ),
    /EPIPE|ECONNRESET|destroyed|closed|reset/i,
  );

describe('a tunnel whose client has ended its half', () => {
  it('is not held for ever by a backend that says nothing', async () => {
    await tunnel({ timeouts: { tunnel: SOON } });
    rig.client.halfClose();
    assert.equal(await within(10_000, 'it is cut off', rig.client.ended), 'reset');
    assert.deepEqual(await logged(), [101, 'http1.timeout.tunnel']);
    await rig.proxy.server.untilAlone();
  });

  it('before it was one passes that end on', async () => {
    const { far } = await asked();
    rig.client.halfClose();
    await far.send(`${SWITCH}last words`);
    assert.equal(await far.ended, 'end');
    await rig.client.untilText('last words');
    far.halfClose();
    assert.equal(await rig.client.ended, 'end');
    assert.deepEqual(await logged(), [101, undefined]);
  });

  it('behind its first bytes loses neither', async () => {
    const { far, requests } = await asked(`${ASK}early bytes`);
    rig.client.halfClose();
    await far.send(SWITCH);
    assert.equal(String(await requests.body(11)), 'early bytes');
    assert.equal(await far.ended, 'end');
    await far.send('answered');
    assert.equal((await rig.client.response()).status, 101);
    await rig.client.untilText('answered');
    far.halfClose();
    assert.equal(await rig.client.ended, 'end');
    assert.deepEqual(await logged(), [101, undefined]);
  });
});

describe('a tunnel whose backend has ended its half', () => {
  it('and then is gone tells the client, who still sends, by a reset', async () => {
    for (const leave of ['close', 'reset'] as const) {
      const { far } = await tunnel();
      far.halfClose();
      assert.equal(await rig.client.ended, 'end');
      far[leave]();
      await sendUntilBroken(rig.client);
      assert.deepEqual(await logged(), [101, 'upstream.tunnel-broken']);
      await rig.proxy[Symbol.asyncDispose]();
    }
    await tunnel();
  });
});

describe('a tunnel that breaks off', () => {
  it('on the client’s side is reset on the other, and does not look like a proper end', async () => {
    const { far } = await tunnel();
    rig.client.reset();
    assert.equal(await far.ended, 'reset');
    assert.deepEqual(await logged(), [101, 'client.gone']);
  });

  it('since nothing passes is reset on both', async () => {
    const { far } = await tunnel({ timeouts: { tunnel: SOON } });
    assert.equal(await far.ended, 'reset');
    assert.equal(await rig.client.ended, 'reset');
  });

  it('since the server stops is reset on both', async () => {
    const { far } = await tunnel();
    for (const connection of rig.proxy.server.connections) connection.destroy();
    assert.equal(await far.ended, 'reset');
    assert.equal((await logged())[0], 101);
  });
});

describe('a switch', () => {
  it('in HTTP/1.0, which has none, is no answer', async () => {
    const { far } = await asked();
    await far.send(SWITCH.replace('HTTP/1.1', 'HTTP/1.0'));
    assert.equal((await rig.client.response()).status, 502);
    assert.deepEqual(await logged(), [502, 'upstream.unexpected-upgrade']);
  });
});

describe('a handler’s own tunnel', () => {
  const bodies: readonly (readonly [string, Body])[] = [
    ['nothing', null],
    ['bytes', Buffer.from('all of it')],
    ['an empty body', emptyBody],
  ];
  for (const [what, body] of bodies) {
    it(`that has ${what} to say says it, head and all`, async () => {
      await tunnel();
      await using server = await HandlerServer.start(
        () =>
          new Response(101, undefined, body, {
            tunnel: { protocol: 'x', open: (inward) => inward.cancel() },
          }),
      );
      using other = await RawConnection.connect(server.port);
      await other.send(ASK);
      const text = await other.untilText('Upgrade: x');
      assert.match(text, /^HTTP\/1\.1 101 /);
      if (Buffer.isBuffer(body)) await other.untilText(String(body));
      await within(10_000, 'its end', other.ended);
    });
  }

  it('whose inward half nobody reads is cut off like any other', async () => {
    await tunnel();
    await using server = await HandlerServer.start(
      () => new Response(101, undefined, new Tap(), { tunnel: { protocol: 'x', open: () => {} } }),
      { timeouts: { tunnel: SOON } },
    );
    using other = await RawConnection.connect(server.port);
    await other.send(ASK);
    await within(10_000, 'its end', other.ended);
    await until(() => server.log.length === 1, { what: 'a line' });
    assert.equal(server.log[0].error, 'http1.timeout.tunnel');
  });
});
