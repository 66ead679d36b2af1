/** Copies of requests to a shadow: what it gets, and that nobody else notices, whatever it does. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { chunk, head } from '../../../test/support/message.ts';
import { field } from '../../../test/support/parse-response.ts';
import { freePort } from '../../../test/support/ports.ts';
import { ProxyRig } from '../../../test/support/proxy-rig.ts';
import { upstreamOptions } from '../../../test/support/proxy-server.ts';
import { RawBackend } from '../../../test/support/raw-backend.ts';
import type { RawConnection } from '../../../test/support/raw-connection.ts';
import { RequestReader } from '../../../test/support/request-reader.ts';
import { until } from '../../../test/support/until.ts';
import type { MirrorOptions } from './mirror-schema.ts';
import type { ProxyOptions } from './schema.ts';

const OK = head('HTTP/1.1 200 OK', 'Content-Length: 0');
const post = (...fields: string[]): string => head('POST /x?a=b HTTP/1.1', 'Host: a', ...fields);

const rig = ProxyRig.perTest();
let shadow: RawBackend;

beforeEach(async () => {
  shadow = await RawBackend.start();
});
afterEach(() => shadow[Symbol.dispose]());

interface Setup {
  readonly mirror?: Partial<MirrorOptions>;
  readonly proxy?: Partial<ProxyOptions>;
  readonly shadowUrls?: readonly string[];
  readonly shadowOptions?: Parameters<typeof upstreamOptions>[1];
}

async function start(setup: Setup = {}): Promise<void> {
  const bounds = { share: 1, maxBody: 65_536, inFlight: 100, memory: 1 << 20, timeout: 10_000 };
  const mirror = { to: 'shadow', ...bounds, ...setup.mirror };
  const other = upstreamOptions(setup.shadowUrls ?? [shadow.url], setup.shadowOptions);
  await rig.start({
    proxy: { ...setup.proxy, mirror },
    others: [{ ...other, name: 'shadow' }],
  });
}

/** The next request on the backend's one connection. */
let atBackend: RequestReader | undefined;
async function backendGets(): Promise<RequestReader> {
  if (atBackend?.connection !== rig.backend.connections[0] || atBackend === undefined) {
    atBackend = new RequestReader(await rig.backend.accept());
  }
  return atBackend;
}

/** A request without a body, and its answer; the shadow has no part in it. */
async function ask(request: string, answer = OK): Promise<number> {
  await rig.client.send(request);
  const requests = await backendGets();
  await requests.head();
  await requests.connection.send(answer);
  return (await rig.client.response(request.split(' ', 1)[0])).status;
}

const get = (path = '/'): string => head(`GET ${path} HTTP/1.1`, 'Host: a');
const untilIdle = (): Promise<boolean> =>
  until(() => rig.proxy.mirrors.inFlight === 0 && rig.proxy.mirrors.held === 0, {
    what: 'no copy is left',
    every: 2,
  });

describe('the copy of a request', () => {
  it('is the request as the upstream gets it, marked, and its answer is for nobody', async () => {
    await start({ proxy: { addPrefix: '/app' } });
    await rig.client.send(
      head(
        'GET /x?a=b HTTP/1.1',
        'Host: a',
        'X-Own: 1',
        'X-Forwarded-Mirror: 7',
        'Connection: x-hop',
        'X-Hop: 1',
      ),
    );
    const real = await (await backendGets()).head();
    const requests = new RequestReader(await shadow.accept());
    const copy = await requests.head();
    await requests.connection.send(
      `${head('HTTP/1.1 500 Oops', 'Content-Length: 4', 'Set-Cookie: a=b')}oops`,
    );
    await untilIdle();
    assert.deepEqual([copy.method, copy.target], ['GET', '/app/x?a=b']);
    assert.deepEqual(copy.values('X-Forwarded-Mirror'), ['1']);
    assert.deepEqual(real.values('X-Forwarded-Mirror'), []);
    assert.deepEqual(
      copy.lines.filter((line) => !line.startsWith('X-Forwarded-Mirror')),
      real.lines,
    );
    // The client has not been answered yet: the shadow's word is not for it.
    await rig.backend.connections[0].send(OK);
    const response = await rig.client.response();
    assert.deepEqual([response.status, field(response, 'Set-Cookie')], [200, undefined]);
    assert.equal((await rig.proxy.server.untilLogged(1)).length, 1);
    assert.equal(rig.proxy.reports.length, 0);
  });

  it('is not waited for, neither by its client nor by the next request', async () => {
    await start();
    assert.deepEqual([await ask(get('/1')), await ask(get('/2'))], [200, 200]);
    // Only now does the shadow read, let alone answer.
    const targets: string[] = [];
    for (let i = 0; i < 2; i++) {
      const requests = new RequestReader(await shadow.accept());
      targets.push((await requests.head()).target);
      await requests.connection.send(OK);
    }
    assert.deepEqual(targets.toSorted(), ['/1', '/2']);
    await untilIdle();
  });

  it('of a share of the requests is as many as that says', async () => {
    await start({ mirror: { share: 0.25 } });
    shadow.onConnection((connection) => void connection.untilText('\r\n\r\n').then(() => connection.reset()));
    for (let i = 0; i < 20; i++) await ask(get());
    await untilIdle();
    assert.equal(shadow.connections.length, 5);
  });

  it('has the body, with its length, when all of it has passed', async () => {
    await start({ proxy: { buffer: { request: 'off' } } });
    await rig.client.send(post('Transfer-Encoding: chunked') + chunk('first'));
    const requests = await backendGets();
    await requests.head();
    await requests.through(chunk('first'));
    assert.equal(rig.proxy.mirrors.inFlight, 0);
    await rig.client.send(chunk('-last') + chunk(''));
    await requests.through(chunk('-last') + chunk(''));
    const copies = new RequestReader(await shadow.accept());
    const copy = await copies.head();
    assert.deepEqual([copy.values('Content-Length'), copy.values('Transfer-Encoding')], [['10'], []]);
    assert.equal((await copies.body(10)).toString(), 'first-last');
    await copies.connection.send(OK);
    await untilIdle();
    await requests.connection.send(OK);
    assert.equal((await rig.client.response('POST')).status, 200);
  });

  it('of an upload that waits for 100 Continue waits for nobody', async () => {
    await start();
    await rig.client.send(post('Content-Length: 5', 'Expect: 100-continue'));
    const requests = await backendGets();
    await requests.head();
    await requests.connection.send('HTTP/1.1 100 Continue\r\n\r\n');
    await rig.client.untilText('100 Continue');
    await rig.client.send('hello');
    await requests.body(5);
    const copies = new RequestReader(await shadow.accept());
    assert.deepEqual((await copies.head()).values('Expect'), []);
    assert.equal((await copies.body(5)).toString(), 'hello');
    await requests.connection.send(OK);
  });

  it('goes on when its client has left, since all of it is here', async () => {
    await start();
    await rig.client.send(get('/left'));
    const requests = new RequestReader(await shadow.accept());
    rig.client.reset();
    await rig.proxy.server.untilLogged(1);
    assert.equal((await requests.head()).target, '/left');
    await requests.connection.send(OK);
    await untilIdle();
    assert.deepEqual(rig.proxy.reports, []);
  });

  for (const [what, leave] of [
    ['the client leaves', () => rig.client.reset()],
    [
      'the backend refuses',
      () =>
        void rig.backend.connections[0].send(
          `${head('HTTP/1.1 413 No', 'Content-Length: 0', 'Connection: close')}`,
        ),
    ],
  ] as const) {
    it(`is never sent where ${what} in the middle of the body`, async () => {
      await start();
      await rig.client.send(`${post('Content-Length: 10')}half`);
      await (await backendGets()).head();
      await until(() => rig.proxy.mirrors.held > 0, { what: 'a half of the body is copied', every: 2 });
      leave();
      await rig.proxy.server.untilLogged(1);
      rig.client.close();
      await untilIdle();
      assert.equal(shadow.connections.length, 0);
    });
  }

  for (const [what, options, lines] of [
    ['another protocol', {}, ['GET / HTTP/1.1', 'Connection: upgrade', 'Upgrade: websocket']],
    ['a tunnel', { connect: true }, ['CONNECT a:1 HTTP/1.1']],
  ] as const) {
    it(`is not made of one that asks for ${what}`, async () => {
      await start({ proxy: options });
      const refusal = head('HTTP/1.1 403 Forbidden', 'Content-Length: 0');
      assert.equal(await ask(head(...lines, 'Host: a:1'), refusal), 403);
      await untilIdle();
      assert.equal(shadow.connections.length, 0);
    });
  }
});

describe('a shadow', () => {
  const again = { retry: { attempts: 3, reset: true, timeout: true, statuses: [503], budget: 1, within: 0 } };

  for (const [does, behave, error] of [
    ['resets the connection', (peer: RawConnection) => peer.reset(), 'upstream.reset'],
    ['closes without a word', (peer: RawConnection) => peer.close(), 'upstream.closed-early'],
    [
      'breaks off its answer',
      (peer: RawConnection) =>
        void peer.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 9')}half`).then(() => peer.close()),
      'upstream.body-incomplete',
    ],
    [
      'speaks something else',
      (peer: RawConnection) => void peer.send('SSH-2.0-OpenSSH_9.2\r\n'),
      'upstream.malformed-response',
    ],
    ['never answers', () => {}, 'timeout'],
  ] as const) {
    it(`that ${does} is told of, and asked once`, async () => {
      using other = await RawBackend.start();
      const shadows = [shadow, other];
      await start({
        mirror: { timeout: 200 },
        shadowUrls: shadows.map(({ url }) => url),
        shadowOptions: again,
      });
      for (const each of shadows) {
        each.onConnection((peer) => void peer.untilText('\r\n\r\n').then(() => behave(peer)));
      }
      assert.equal(await ask(get()), 200);
      await until(() => rig.proxy.reports.length > 0, { what: 'a report', every: 2 });
      assert.deepEqual(rig.proxy.reports, [
        { upstream: 'shadow', skipped: 0, limit: undefined, failed: 1, error },
      ]);
      assert.equal(await ask(get()), 200);
      await untilIdle();
      assert.deepEqual(
        shadows.map(({ connections }) => connections.length),
        [1, 1],
      );
    });
  }

  it('that closes a kept connection when the next copy comes is asked once', async () => {
    await start({ shadowOptions: again });
    assert.equal(await ask(get('/1')), 200);
    const requests = new RequestReader(await shadow.accept());
    await requests.head();
    await requests.connection.send(OK);
    await untilIdle();
    assert.equal(await ask(get('/2')), 200);
    await requests.head();
    requests.connection.close();
    await untilIdle();
    assert.deepEqual([shadow.connections.length, rig.proxy.reports.length], [1, 1]);
  });

  it('that is down is told of, not with each request', async () => {
    await start({ shadowUrls: [`http://127.0.0.1:${await freePort()}`] });
    for (let i = 0; i < 20; i++) assert.equal(await ask(get()), 200);
    await untilIdle();
    rig.proxy.mirrors.close();
    const [first, ...others] = rig.proxy.reports;
    assert.deepEqual([first.failed, first.error], [1, 'upstream.connect-failed']);
    assert.ok(others.length < 19);
    // After five failures it is left alone, but for one copy a second.
    const sum = (of: 'failed' | 'skipped'): number =>
      rig.proxy.reports.reduce((total, each) => total + each[of], 0);
    assert.equal(sum('failed') + sum('skipped'), 20);
    assert.ok(sum('failed') >= 5);
    assert.ok(others.some(({ limit }) => limit === 'failures'));
  });

  it('that is well again gets all copies again, soon', async () => {
    await start();
    let well = false;
    shadow.onConnection((peer) => {
      if (!well) return void peer.untilText('\r\n\r\n').then(() => peer.reset());
      peer.socket.on('data', () => void peer.send(OK));
    });
    const copied = async (): Promise<boolean> => {
      const before = shadow.connections.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0);
      await ask(get());
      await untilIdle();
      return shadow.connections.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0) > before;
    };
    await until(async () => !(await copied()), { what: 'it is left alone' });
    well = true;
    await until(copied, { what: 'it is tried again' });
    for (let i = 0; i < 10; i++) assert.equal(await copied(), true);
  });

  it('that answers at great length is not listened to for ever', async () => {
    await start();
    const peers = shadow.accept();
    assert.equal(await ask(get()), 200);
    const peer = await peers;
    await peer.send(head('HTTP/1.1 200 OK', `Content-Length: ${1 << 30}`));
    const piece = Buffer.alloc(65_536);
    const sending = (async () => {
      for (;;) await peer.send(piece);
    })();
    await assert.rejects(sending);
    await untilIdle();
    assert.equal(rig.proxy.reports.length, 0);
  });

  it('is left where the server stops', async () => {
    await start();
    assert.equal(await ask(get()), 200);
    const peer = await shadow.accept();
    await peer.untilText('\r\n\r\n');
    rig.proxy.mirrors.close();
    await peer.ended;
    assert.equal(rig.proxy.mirrors.inFlight, 0);
  });
});

describe('beyond a bound', () => {
  const skipped = (): [number, string | undefined][] =>
    rig.proxy.reports.map((each) => [each.skipped, each.limit]);

  it('of requests in flight there are no copies, until there is room', async () => {
    await start({ mirror: { inFlight: 2 } });
    for (let i = 0; i < 5; i++) assert.equal(await ask(get(`/${i}`)), 200);
    assert.equal(rig.proxy.mirrors.inFlight, 2);
    for (let i = 0; i < 2; i++) {
      const requests = new RequestReader(await shadow.accept());
      assert.equal((await requests.head()).target, `/${i}`);
      await requests.connection.send(OK);
    }
    await untilIdle();
    assert.equal(await ask(get('/again')), 200);
    assert.equal(rig.proxy.mirrors.inFlight, 1);
    rig.proxy.mirrors.close();
    // The first at once, the others together, however many seconds have passed.
    assert.deepEqual(skipped()[0], [1, 'inFlight']);
    assert.equal(
      skipped().reduce((sum, [count]) => sum + count, 0),
      3,
    );
  });

  for (const [limit, told, mirror] of [
    ['maxBody', 'said', { maxBody: 9 }],
    ['maxBody', 'not said', { maxBody: 9 }],
    ['memory', 'said', { memory: 9 }],
    ['memory', 'not said', { memory: 9 }],
  ] as const) {
    it(`of ${limit} a body whose length is ${told} reaches the backend alone`, async () => {
      await start({ mirror });
      const framing = told === 'said' ? 'Content-Length: 10' : 'Transfer-Encoding: chunked';
      await rig.client.send(
        post(framing) + (told === 'said' ? '0123456789' : chunk('0123456789') + chunk('')),
      );
      const requests = await backendGets();
      await requests.head();
      assert.equal((await requests.body(10)).toString(), '0123456789');
      await requests.connection.send(OK);
      assert.equal((await rig.client.response('POST')).status, 200);
      assert.deepEqual(skipped(), [[1, limit]]);
      assert.deepEqual([rig.proxy.mirrors.held, shadow.connections.length], [0, 0]);
    });
  }
});
