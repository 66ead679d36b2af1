/** Files as a client sees them on the wire: representation, conditions, ranges, methods. */
import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { parseByteranges } from '../support/byteranges.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { get, head } from '../support/message.ts';
import { field, type RawResponse } from '../support/parse-response.ts';
import { exchange, RawConnection } from '../support/raw-connection.ts';
import { patterned, type Site, temporarySite } from '../support/site.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

let site: Site;
let server: DreamServer;

before(async () => {
  site = resources.use(temporarySite());
  server = resources.use(await startDreamServer({ routes: [{ files: { root: site.root } }], workers: 1 }));
});

const fetched = (target: string, ...fields: string[]): Promise<RawResponse> =>
  exchange(server.port, get(target, ...fields));

suite('a file', () => {
  test('comes with its bytes, length, type, date, validators, server and request id', async () => {
    const response = await fetched('/hello.txt');
    assert.equal(response.status, 200);
    assert.equal(response.reason, 'OK');
    assert.equal(response.body.toString(), 'Hello, world.\n');
    assert.equal(field(response, 'Content-Length'), '14');
    assert.match(field(response, 'Content-Type') ?? '', /^text\/plain; ?charset=utf-8$/i);
    assert.match(field(response, 'ETag') ?? '', /^(W\/)?"[\x21\x23-\x7e]+"$/);
    for (const name of ['Date', 'Last-Modified']) {
      assert.match(field(response, name) ?? '', /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/, name);
    }
    assert.match(field(response, 'Server') ?? '', /^DreamServer\/\d+\.\d+\.\d+/);
    assert.match(field(response, 'X-Request-Id') ?? '', /^[0-9a-f-]{36}$/);
  });

  for (const [name, type] of [
    ['index.html', /^text\/html; ?charset=utf-8$/i],
    ['style.css', /^text\/css; ?charset=utf-8$/i],
    ['script.js', /^text\/javascript(; ?charset=utf-8)?$/i],
    ['data.json', /^application\/json(; ?charset=utf-8)?$/i],
    ['picture.svg', /^image\/svg\+xml(; ?charset=utf-8)?$/i],
    ['pixel.png', /^image\/png$/],
    ['thing.unknown-type', /^application\/octet-stream$/],
  ] as const) {
    test(`${name} has its media type`, async () => {
      assert.match(field(await fetched(`/${name}`), 'Content-Type') ?? '', type);
    });
  }

  for (const [target, body] of [
    ['/', '<h1>Hello</h1>'],
    ['/?query=1', '<h1>Hello</h1>'],
    ['/docs/', '<title>Docs</title>'],
    ['/with%20space.txt', 'space\n'],
    ['/gr%C3%BC%C3%9Fe.txt', 'grüße\n'],
    ['/%68ello.txt', 'Hello, world.\n'],
    ['/docs/../hello.txt', 'Hello, world.\n'],
    ['/./hello.txt', 'Hello, world.\n'],
    ['/link-within.txt', 'Hello, world.\n'],
    ['http://localhost/hello.txt', 'Hello, world.\n'],
  ] as const) {
    test(`${target} finds it`, async () => {
      const response = await fetched(target);
      assert.equal(response.status, 200);
      assert.ok(response.body.toString().includes(body));
    });
  }

  test('larger than one write arrives whole', async () => {
    const { body } = await fetched('/large.bin');
    assert.deepEqual(body, Buffer.from(patterned(300_000)));
  });

  test('that is empty has length 0', async () => {
    assert.equal(field(await fetched('/empty.txt'), 'Content-Length'), '0');
  });

  test('changed on disk is served as it is now', async () => {
    site.write('changing.txt', 'before\n');
    const before = await fetched('/changing.txt');
    assert.equal(before.body.toString(), 'before\n');
    site.write('changing.txt', 'after the change\n');
    // A server may trust what it knows of a file for up to a second.
    const end = performance.now() + 2000;
    let now = before;
    while (now.body.equals(before.body) && performance.now() < end) now = await fetched('/changing.txt');
    assert.equal(now.body.toString(), 'after the change\n');
    assert.notEqual(field(now, 'ETag'), field(before, 'ETag'));
  });
});

suite('what is not there', () => {
  for (const target of ['/nothing-here', '/hello.txt/', '/hello.txt/more', '/no-index/', '/.hidden']) {
    test(`${target} is refused without a word about the disk`, async () => {
      const response = await fetched(target);
      assert.ok([403, 404].includes(response.status), String(response.status));
      assert.ok(!response.body.includes(site.root));
    });
  }

  test('a directory without its slash redirects to it, query kept', async () => {
    const response = await fetched('/docs?a=1&b=2');
    assert.ok([301, 307, 308].includes(response.status));
    assert.match(field(response, 'Location') ?? '', /^(http:\/\/localhost)?\/docs\/\?a=1&b=2$/);
  });

  test('a directory redirect never leads to another host', async () => {
    for (const target of ['//docs', '//localhost/docs', '/\\docs', '/%2Fdocs']) {
      const location = field(await fetched(target), 'Location') ?? '';
      assert.doesNotMatch(location, /^[/\\]{2}/, target);
    }
  });
});

suite('HEAD', () => {
  for (const target of ['/hello.txt', '/', '/large.bin', '/nothing-here', '/docs']) {
    test(`${target} has the fields of GET and no body`, async () => {
      using client = await RawConnection.connect(server.port);
      await client.send(get(target));
      const full = await client.response('GET');
      await client.send(head(`HEAD ${target} HTTP/1.1`, 'Host: localhost', 'Connection: close'));
      const bare = await client.response('HEAD');
      await client.end();
      const comparable = ({ fields }: RawResponse): string[] =>
        fields
          .filter(([name]) => !/^(date|x-request-id|connection)$/i.test(name))
          .map((pair) => pair.join(': '));
      assert.equal(bare.status, full.status);
      assert.deepEqual(comparable(bare), comparable(full));
    });
  }
});

suite('conditions', () => {
  test('If-None-Match answers 304 to the tag, weak or in a list or *, and 200 to another', async () => {
    const etag = field(await fetched('/hello.txt'), 'ETag') ?? '';
    const weak = etag.startsWith('W/') ? etag : `W/${etag}`;
    for (const [value, status] of [
      [etag, 304],
      [weak, 304],
      [`"no", ${etag}`, 304],
      ['*', 304],
      ['"no"', 200],
    ] as const) {
      const response = await fetched('/hello.txt', `If-None-Match: ${value}`);
      assert.equal(response.status, status, value);
      assert.equal(field(response, 'ETag'), etag);
      assert.equal(response.body.length, status === 304 ? 0 : 14);
    }
  });

  test('If-Modified-Since answers 304 unless the file is newer; If-None-Match outweighs it', async () => {
    const modified = field(await fetched('/hello.txt'), 'Last-Modified') ?? '';
    const old = 'Sat, 01 Jan 2000 00:00:00 GMT';
    assert.equal((await fetched('/hello.txt', `If-Modified-Since: ${modified}`)).status, 304);
    assert.equal((await fetched('/hello.txt', `If-Modified-Since: ${old}`)).status, 200);
    assert.equal((await fetched('/hello.txt', 'If-Modified-Since: nonsense')).status, 200);
    const both = [`If-Modified-Since: ${modified}`, 'If-None-Match: "no"'];
    assert.equal((await fetched('/hello.txt', ...both)).status, 200);
  });

  test('a connection goes on after a 304', async () => {
    using client = await RawConnection.connect(server.port);
    await client.send(get('/hello.txt', 'If-None-Match: *') + get('/digits.txt'));
    assert.equal((await client.response()).status, 304);
    assert.equal((await client.response()).body.toString(), '0123456789');
  });
});

suite('ranges', () => {
  for (const [range, part, contentRange] of [
    ['bytes=0-4', '01234', 'bytes 0-4/10'],
    ['bytes=3-3', '3', 'bytes 3-3/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-2', '89', 'bytes 8-9/10'],
    ['bytes=-50', '0123456789', 'bytes 0-9/10'],
    ['bytes=5-1000', '56789', 'bytes 5-9/10'],
  ] as const) {
    test(`${range} of ten bytes`, async () => {
      const response = await fetched('/digits.txt', `Range: ${range}`);
      assert.equal(response.status, 206);
      assert.equal(response.body.toString(), part);
      assert.equal(field(response, 'Content-Range'), contentRange);
    });
  }

  for (const range of ['bytes=10-', 'bytes=99-100', 'bytes=-0']) {
    test(`${range} of ten bytes cannot be satisfied`, async () => {
      const response = await fetched('/digits.txt', `Range: ${range}`);
      assert.equal(response.status, 416);
      assert.equal(field(response, 'Content-Range'), 'bytes */10');
    });
  }

  for (const range of ['bytes=4-2', 'bytes=a-b', 'lines=0-4', 'bytes 0-4', 'bytes=']) {
    test(`${range} is no range and is ignored`, async () => {
      assert.equal((await fetched('/digits.txt', `Range: ${range}`)).status, 200);
    });
  }

  test('If-Range: the tag gives the part, another the whole', async () => {
    const whole = await fetched('/digits.txt');
    assert.equal(field(whole, 'Accept-Ranges'), 'bytes');
    const etag = field(whole, 'ETag') ?? '';
    const expected = etag.startsWith('W/') ? 200 : 206;
    assert.equal((await fetched('/digits.txt', 'Range: bytes=0-1', `If-Range: ${etag}`)).status, expected);
    assert.equal((await fetched('/digits.txt', 'Range: bytes=0-1', 'If-Range: "no"')).status, 200);
  });

  test('a part out of the middle of a large file is exact', async () => {
    const { body } = await fetched('/large.bin', 'Range: bytes=100001-250000');
    assert.deepEqual(body, Buffer.from(patterned(300_000).subarray(100_001, 250_001)));
  });
});

suite('several ranges', () => {
  const LARGE = Buffer.from(patterned(3_000_000));
  before(() => site.write('disk.bin', LARGE));

  test('come as parts, out of memory and from the disk, and the connection goes on', async () => {
    using client = await RawConnection.connect(server.port);
    for (const [target, content] of [
      ['/large.bin', LARGE.subarray(0, 300_000)],
      ['/disk.bin', LARGE],
    ] as const) {
      await client.send(get(target, 'Range: bytes=200000-249999,0-9,-5') + get('/digits.txt'));
      const response = await client.response();
      assert.equal(response.status, 206);
      assert.equal(response.framing, 'length');
      assert.equal(field(response, 'Content-Range'), undefined);
      const parts = parseByteranges(field(response, 'Content-Type'), response.body);
      const end = content.length;
      assert.deepEqual(
        parts.map(({ contentRange }) => contentRange),
        [`bytes 200000-249999/${end}`, `bytes 0-9/${end}`, `bytes ${end - 5}-${end - 1}/${end}`],
      );
      const wanted = [content.subarray(200_000, 250_000), content.subarray(0, 10), content.subarray(-5)];
      assert.deepEqual(
        parts.map(({ bytes }) => bytes),
        wanted,
      );
      assert.equal((await client.response()).body.toString(), '0123456789');
    }
  });

  test('that are near each other come as one', async () => {
    const response = await fetched('/digits.txt', 'Range: bytes=0-1,5-6');
    assert.equal(response.status, 206);
    assert.equal(field(response, 'Content-Range'), 'bytes 0-6/10');
    assert.equal(response.body.toString(), '0123456');
  });

  test('end with the connection where the file has become shorter', async () => {
    const path = site.write('shrinking.bin', '');
    truncateSync(path, 64 << 20);
    await using own = await startDreamServer({ routes: [{ files: { root: site.root } }], workers: 1 });
    using client = await RawConnection.connect(own.port);
    await client.send(get('/shrinking.bin', 'Range: bytes=0-33554431,50000000-50000099'));
    await client.untilUnread(1);
    // What the system keeps for a client that does not read is less than the first part.
    client.socket.pause();
    truncateSync(path, 40_000_000);
    client.socket.resume();
    await assert.rejects(client.response('GET', 60_000), /ended after/);
    const [entry] = await own.untilLogged(1);
    assert.equal(entry?.error, 'static.file-changed');
  });
});

suite('methods', () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    test(`${method} on a file gives 405 with Allow`, async () => {
      const request = head(`${method} /hello.txt HTTP/1.1`, 'Host: localhost', 'Content-Length: 0');
      const response = await exchange(server.port, request);
      assert.equal(response.status, 405);
      assert.deepEqual((field(response, 'Allow') ?? '').split(/, */).toSorted(), ['GET', 'HEAD', 'OPTIONS']);
    });
  }

  test('an unknown method is refused', async () => {
    const response = await exchange(server.port, head('BREW /hello.txt HTTP/1.1', 'Host: localhost'));
    assert.ok([405, 501].includes(response.status), String(response.status));
  });

  for (const target of ['/hello.txt', '*']) {
    test(`OPTIONS ${target} says what is allowed`, async () => {
      const response = await exchange(server.port, head(`OPTIONS ${target} HTTP/1.1`, 'Host: localhost'));
      assert.ok([200, 204].includes(response.status), String(response.status));
      assert.match(field(response, 'Allow') ?? '', /GET.*HEAD|HEAD.*GET/);
    });
  }
});
