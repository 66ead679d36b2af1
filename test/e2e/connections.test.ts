/** What a client may expect of its connection: who closes it, when, and in which order answers come. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { get, head } from '../support/message.ts';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { field } from '../support/parse-response.ts';
import { type Site, temporarySite } from '../support/site.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

let site: Site;
let server: DreamServer;

before(async () => {
  site = resources.use(temporarySite());
  server = resources.use(await startDreamServer({ routes: [{ files: { root: site.root } }], workers: 1 }));
});

suite('HTTP/1.1', () => {
  test('keeps the connection open by default and says nothing about it', async () => {
    using client = await RawConnection.connect(server.port);
    for (const name of ['hello', 'digits', 'hello']) {
      await client.send(get(`/${name}.txt`));
      const response = await client.response();
      assert.equal(response.status, 200);
      assert.equal(response.version, 'HTTP/1.1');
      assert.notEqual(field(response, 'Connection')?.toLowerCase(), 'close');
    }
  });

  for (const value of ['close', 'Close', 'keep-alive, close', 'x-nothing , CLOSE']) {
    test(`closes after the answer when asked by Connection: ${value}`, async () => {
      using client = await RawConnection.connect(server.port);
      await client.send(get('/hello.txt', `Connection: ${value}`));
      const response = await client.response();
      assert.equal(response.body.toString(), 'Hello, world.\n');
      assert.equal(field(response, 'Connection'), 'close');
      assert.equal(await client.end(), 'end');
    });
  }

  test('answers nothing that follows a request with Connection: close', async () => {
    using client = await RawConnection.connect(server.port);
    await client.send(get('/hello.txt', 'Connection: close') + get('/digits.txt'));
    assert.equal((await client.response()).body.toString(), 'Hello, world.\n');
    await client.end();
  });

  test('refuses a request without Host with 400 and closes', async () => {
    using client = await RawConnection.connect(server.port);
    await client.send(head('GET / HTTP/1.1'));
    const response = await client.response();
    assert.equal(response.status, 400);
    assert.equal(field(response, 'Connection'), 'close');
    assert.equal(await client.end(), 'end');
  });

  test('ignores empty lines before a request line (RFC 9112 §2.2)', async () => {
    using client = await RawConnection.connect(server.port);
    await client.send(`\r\n${get('/hello.txt')}\r\n${get('/digits.txt')}`);
    assert.equal((await client.response()).body.toString(), 'Hello, world.\n');
    assert.equal((await client.response()).body.toString(), '0123456789');
  });
});

suite('HTTP/1.0', () => {
  test('closes by default, and answers with the version it speaks itself', async () => {
    using client = await RawConnection.connect(server.port);
    await client.send(head('GET /hello.txt HTTP/1.0'));
    const response = await client.response();
    assert.equal(response.version, 'HTTP/1.1');
    assert.equal(response.body.toString(), 'Hello, world.\n');
    assert.notEqual(field(response, 'Connection')?.toLowerCase(), 'keep-alive');
    assert.equal(await client.end(), 'end');
  });

  test('keeps the connection when asked, and says so', async () => {
    using client = await RawConnection.connect(server.port);
    for (let round = 0; round < 3; round++) {
      await client.send(head('GET /hello.txt HTTP/1.0', 'Connection: Keep-Alive'));
      const response = await client.response();
      assert.equal(field(response, 'Connection')?.toLowerCase(), 'keep-alive');
      assert.equal(response.framing, 'length');
    }
    await client.send(head('GET /hello.txt HTTP/1.0'));
    await client.response();
    await client.end();
  });

  test('close outweighs keep-alive', async () => {
    using client = await RawConnection.connect(server.port);
    await client.send(head('GET /hello.txt HTTP/1.0', 'Connection: keep-alive, close'));
    assert.notEqual(field(await client.response(), 'Connection')?.toLowerCase(), 'keep-alive');
    await client.end();
  });
});

suite('half-closed and leaving clients', () => {
  test('a client that has said all it will say still gets its answers', async () => {
    using client = await RawConnection.connect(server.port);
    await client.send(get('/hello.txt') + get('/digits.txt'));
    client.halfClose();
    assert.equal((await client.response()).body.toString(), 'Hello, world.\n');
    assert.equal((await client.response()).body.toString(), '0123456789');
    assert.equal(await client.end(), 'end');
  });

  test('a client that says nothing and leaves gets nothing and is not logged', async () => {
    await using own = await startDreamServer({ routes: [{ files: { root: site.root } }], workers: 1 });
    using client = await RawConnection.connect(own.port);
    client.halfClose();
    assert.equal(await client.end(), 'end');
    assert.equal(client.bytesReceived, 0);
    await exchange(own.port, get('/hello.txt'));
    await own.stop();
    assert.deepEqual(
      own.requests.map((entry) => entry.path),
      ['/hello.txt'],
    );
  });

  for (const rest of ['\r', '\r\n', 'G', 'GET / HTTP/1.1\r\nHost: a\r\n']) {
    test(`a client that leaves in the middle of its next request, at ${JSON.stringify(rest)}, is let go at once`, async () => {
      using client = await RawConnection.connect(server.port);
      await client.send(get('/hello.txt') + rest);
      assert.equal((await client.response()).status, 200);
      client.halfClose();
      if ((await client.nextEvent(2000)) === 'bytes') assert.equal((await client.response()).status, 400);
      await client.end(2000);
    });
  }

  test('a client that resets in the middle of a large answer harms nobody', async () => {
    using client = await RawConnection.connect(server.port);
    await client.send(get('/large.bin'));
    await client.untilUnread(1000);
    client.reset();
    assert.equal((await exchange(server.port, get('/hello.txt'))).status, 200);
  });
});

test('who has left before it was accepted is not served in the name of nobody', async () => {
  await using server = await startDreamServer({ routes: [{ respond: 'hello' }], workers: 1 });
  for (let turn = 0; turn < 200; turn++) {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(get('/forged'));
    socket.resetAndDestroy();
  }
  const honest = await exchange(server.port, get('/honest'));
  await server.untilLoggedAs(field(honest, 'X-Request-Id') as string);
  const addresses = new Set(server.requests.map(({ ip }) => ip));
  assert.deepEqual([...addresses], ['127.0.0.1']);
});

suite('pipelining', () => {
  test('answers come in the order of the requests, whatever their methods', async () => {
    using client = await RawConnection.connect(server.port);
    await client.send(
      get('/large.bin') +
        head('HEAD /hello.txt HTTP/1.1', 'Host: localhost') +
        get('/nothing-here') +
        get('/empty.txt') +
        get('/hello.txt', 'Connection: close'),
    );
    assert.equal((await client.response()).body.length, 300_000);
    assert.equal(field(await client.response('HEAD'), 'Content-Length'), '14');
    assert.equal((await client.response()).status, 404);
    assert.equal((await client.response()).body.length, 0);
    assert.equal((await client.response()).body.toString(), 'Hello, world.\n');
    assert.equal(await client.end(), 'end');
  });

  test('a thousand requests at once get a thousand answers', async () => {
    using client = await RawConnection.connect(server.port);
    const names = Array.from({ length: 1000 }, (_, index) => (index % 3 === 0 ? 'digits' : 'hello'));
    await client.send(names.map((name) => get(`/${name}.txt`)).join(''));
    for (const name of names) {
      const body = (await client.response()).body.toString();
      assert.equal(body, name === 'digits' ? '0123456789' : 'Hello, world.\n');
    }
  });

  test('what came before a malformed request is answered, then the error, then the connection closes', async () => {
    using client = await RawConnection.connect(server.port);
    await client.send(`${get('/hello.txt')}${head('GET / HTTP/1.1', 'Host : a')}${get('/digits.txt')}`);
    assert.equal((await client.response()).status, 200);
    const refusal = await client.response();
    assert.equal(refusal.status, 400);
    assert.equal(field(refusal, 'Connection'), 'close');
    assert.equal(await client.end(), 'end');
  });

  test('a body that a handler does not read is never taken for the next request', async () => {
    using client = await RawConnection.connect(server.port);
    const smuggled = get('/digits.txt');
    const fields = ['Host: localhost', `Content-Length: ${smuggled.length}`];
    await client.send(
      head('POST /hello.txt HTTP/1.1', ...fields) + smuggled + get('/hello.txt', 'Connection: close'),
    );
    assert.equal((await client.response('POST')).status, 405);
    // Either the body is read and thrown away, or the connection closes; a second answer is the third message's.
    if ((await client.nextEvent()) === 'bytes') {
      assert.equal((await client.response()).body.toString(), 'Hello, world.\n');
    }
    await client.end();
  });
});

suite('lingering close: a client that goes on sending still gets the whole refusal', () => {
  const garbage = Buffer.alloc(4 << 20, 'x');
  const refusals = [
    {
      what: 'a malformed field',
      request: `${head('POST / HTTP/1.1', 'Host: a', 'Bad Field: 1')}`,
      status: 400,
    },
    { what: 'a request line that never ends', request: 'GET /', status: 414 },
    { what: 'a field that never ends', request: 'GET / HTTP/1.1\r\nHost: a\r\nX: ', status: 431 },
    {
      what: 'a body longer than the limit',
      request: head('POST / HTTP/1.1', 'Host: a', 'Content-Length: 99999999999'),
      status: 413,
    },
  ];
  for (const { what, request, status } of refusals) {
    test(what, async () => {
      using client = await RawConnection.connect(server.port);
      await client.send(request);
      const sent = client.send(garbage).catch(() => 'the server stopped reading');
      const response = await client.response('POST');
      assert.equal(response.status, status);
      assert.equal(field(response, 'Connection'), 'close');
      await sent;
      client.halfClose();
      await client.end();
    });
  }
});
