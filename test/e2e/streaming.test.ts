/** Bodies on their way through the proxy: when they flow, when they wait, and that none is ever sent twice. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, suite, test } from 'node:test';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { MemoryWatch, untilAtRest } from '../support/memory.ts';
import { chunk, get, head } from '../support/message.ts';
import { field } from '../support/parse-response.ts';
import { RawBackend } from '../support/raw-backend.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { within } from '../support/until.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

const OK = head('HTTP/1.1 200 OK', 'Content-Length: 0');

let server: DreamServer;
let backend: RawBackend;
let client: RawConnection;

before(async () => {
  backend = resources.use(await RawBackend.start());
  server = resources.use(
    await startDreamServer({
      upstreams: { backend: { servers: [backend.url] } },
      routes: [
        { match: { path: '/streamed' }, proxy: { to: 'backend', buffer: { request: 'off' } } },
        { match: { path: '/respond' }, respond: { status: 200, body: 'quick' } },
        { proxy: { to: 'backend' } },
      ],
      workers: 1,
    }),
  );
});
beforeEach(async () => {
  client = await RawConnection.connect(server.port);
});
afterEach(async () => {
  client.close();
  // The next test shall see a connection of its own, not one out of the pool.
  for (const connection of backend.connections) {
    connection.halfClose();
    await within(10_000, 'the proxy lets go of its connection', connection.ended);
    connection.close();
  }
});

const post = (path: string, ...fields: string[]): string =>
  head(`POST ${path} HTTP/1.1`, 'Host: localhost', ...fields);

suite('a request body', () => {
  test('with a length flows as it comes', async () => {
    await client.send(`${post('/', 'Content-Length: 10')}first`);
    const upstream = await backend.accept();
    assert.match(await upstream.untilText('first'), /\r\ncontent-length: 10\r\n/i);
    await client.send('-last');
    await upstream.untilText('first-last');
    await upstream.send(OK);
    assert.equal((await client.response('POST')).status, 200);
  });

  test('in chunks is collected by default, and sent with its length', async () => {
    await client.send(post('/', 'Transfer-Encoding: chunked') + chunk('first'));
    await client.send(chunk('-last') + chunk(''));
    const upstream = await backend.accept();
    const received = await upstream.untilText('first-last');
    assert.match(received, /\r\ncontent-length: 10\r\n/i);
    assert.doesNotMatch(received, /transfer-encoding/i);
    await upstream.send(OK);
    assert.equal((await client.response('POST')).status, 200);
  });

  test('in chunks flows in chunks where the route says so', async () => {
    await client.send(post('/streamed', 'Transfer-Encoding: chunked') + chunk('first'));
    const upstream = await backend.accept();
    const received = await upstream.untilText('first');
    assert.match(received, /\r\ntransfer-encoding: chunked\r\n/i);
    assert.doesNotMatch(received, /content-length/i);
    await client.send(chunk('-last') + chunk(''));
    // Not the end of the head: the id that stands there may end with a 0 too.
    assert.match(await upstream.untilText('\r\n0\r\n\r\n'), /\r\n\r\n5\r\nfirst\r\n5\r\n-last\r\n0\r\n\r\n$/);
    await upstream.send(OK);
    assert.equal((await client.response('POST')).status, 200);
  });

  test('that the backend refuses in the middle: the refusal reaches the client', async () => {
    await client.send(`${post('/', 'Content-Length: 1000000')}first`);
    const upstream = await backend.accept();
    await upstream.untilText('first');
    await upstream.send(head('HTTP/1.1 413 Content Too Large', 'Content-Length: 3', 'Connection: close'));
    await upstream.send('no!');
    const response = await client.response('POST');
    assert.equal(response.status, 413);
    assert.equal(response.body.toString(), 'no!');
  });

  test('whose client leaves: the backend is left as well, and never gets a whole request', async () => {
    await client.send(`${post('/', 'Content-Length: 10')}first`);
    const upstream = await backend.accept();
    await upstream.untilText('first');
    client.reset();
    await upstream.ended;
    assert.match(upstream.unread.toString(), /\r\n\r\nfirst$/);
  });

  test('of 512 MB waits in the client while the backend stands still', async () => {
    const piece = Buffer.alloc(1 << 20, 'a');
    await client.send(`${post('/', `Content-Length: ${512 * piece.length}`)}`);
    const upstream = await backend.accept();
    await upstream.untilText('\r\n\r\n');
    upstream.socket.pause();
    using memory = new MemoryWatch(server.pid);
    const sending = (async (): Promise<void> => {
      for (let count = 0; count < 512; count++) await client.send(piece);
    })();
    await untilAtRest(server.pid, 'DreamServer');
    assert.ok(memory.growth < 64 << 20, `grew by ${memory.growth >> 20} MiB`);
    const headBytes = upstream.unread.indexOf('\r\n\r\n') + 4;
    upstream.socket.removeAllListeners('data');
    let received = upstream.unread.length - headBytes;
    const complete = new Promise<void>((resolve) => {
      upstream.socket.on('data', (bytes) => {
        received += bytes.length;
        if (received === 512 * piece.length) resolve();
      });
    });
    upstream.socket.resume();
    await Promise.all([sending, complete]);
    assert.ok(memory.growth < 64 << 20, `grew by ${memory.growth >> 20} MiB`);
    await upstream.send(OK);
    assert.equal((await client.response('POST')).status, 200);
  });
});

suite('a response body', () => {
  test('whose client leaves: the backend is left as well', async () => {
    await client.send(get('/'));
    const upstream = await backend.accept();
    await upstream.untilText('\r\n\r\n');
    await upstream.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 1000')}first`);
    await client.untilText('first');
    client.reset();
    await upstream.ended;
  });

  test('that ends too early is not passed off as whole', async () => {
    for (const framing of ['Content-Length: 1000', 'Transfer-Encoding: chunked']) {
      using reader = await RawConnection.connect(server.port);
      await reader.send(get('/'));
      const upstream = await backend.accept();
      await upstream.untilText('\r\n\r\n');
      await upstream.send(head('HTTP/1.1 200 OK', framing) + chunk('first'));
      await reader.untilText('first');
      upstream.close();
      await assert.rejects(reader.response(), /ended/, framing);
    }
  });

  test('that ends too early, to HTTP/1.0: the connection is reset, as its end alone would pass for the end of the body', async () => {
    await client.send(head('GET / HTTP/1.0', 'Host: localhost'));
    const upstream = await backend.accept();
    await upstream.untilText('\r\n\r\n');
    await upstream.send(head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked') + chunk('first'));
    await client.untilText('first');
    upstream.close();
    assert.equal(await client.ended, 'reset');
  });

  test('that is malformed before anything of it was sent on gives 502', async () => {
    await client.send(get('/'));
    const upstream = await backend.accept();
    await upstream.untilText('\r\n\r\n');
    await upstream.send(`${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}no size\r\n`);
    assert.equal((await client.response()).status, 502);
  });

  test('reaches a client that has closed its own side', async () => {
    await client.send(get('/'));
    client.halfClose();
    const upstream = await backend.accept();
    await upstream.untilText('\r\n\r\n');
    await upstream.send(OK);
    assert.equal((await client.response()).status, 200);
    await client.end();
  });

  test('of a slow backend is not overtaken by the answers to what was pipelined behind it', async () => {
    await client.send(get('/slow') + get('/respond') + get('/respond'));
    const upstream = await backend.accept();
    await upstream.untilText('\r\n\r\n');
    assert.equal(client.unread.length, 0);
    await upstream.send(`${head('HTTP/1.1 200 OK', 'Content-Length: 4')}slow`);
    const bodies = [];
    for (let count = 0; count < 3; count++) bodies.push((await client.response()).body.toString());
    assert.deepEqual(bodies, ['slow', 'quick', 'quick']);
  });

  test('that ends with the connection is framed for the client', async () => {
    await client.send(get('/'));
    const upstream = await backend.accept();
    await upstream.untilText('\r\n\r\n');
    await upstream.send(`${head('HTTP/1.1 200 OK')}first`);
    await upstream.send('-last');
    upstream.halfClose();
    const response = await client.response();
    assert.equal(response.body.toString(), 'first-last');
    assert.equal(response.framing, 'chunked');
    assert.notEqual(field(response, 'Connection')?.toLowerCase(), 'close');
  });
});

suite('a request that might have been carried out', () => {
  const requestsSeen = (): number =>
    backend.connections.reduce(
      (sum, each) => sum + each.unread.toString('latin1').split('HTTP/1.1\r\n').length - 1,
      0,
    );

  test('is not sent again when the backend closes a new connection without an answer', async () => {
    const seen = requestsSeen();
    await client.send(`${post('/', 'Content-Length: 2')}hi`);
    const upstream = await backend.accept();
    await upstream.untilText('\r\n\r\nhi');
    upstream.close();
    assert.equal((await client.response('POST')).status, 502);
    assert.equal(requestsSeen(), seen + 1);
  });

  test('is not sent again when the backend closes a kept one', async () => {
    const seen = requestsSeen();
    await client.send(`${post('/', 'Content-Length: 2')}hi`);
    const upstream = await backend.accept();
    await upstream.untilText('\r\n\r\nhi');
    await upstream.send(OK);
    assert.equal((await client.response('POST')).status, 200);
    await client.send(`${post('/', 'Content-Length: 2')}ho`);
    await upstream.untilText('\r\n\r\nho');
    upstream.close();
    assert.equal((await client.response('POST')).status, 502);
    assert.equal(requestsSeen(), seen + 2);
  });
});
