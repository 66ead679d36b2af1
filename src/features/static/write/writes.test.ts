/** PUT and DELETE over sockets: what is stored, what is refused, and that a refusal changes nothing. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { after, before, beforeEach, describe, it } from 'node:test';
import { SharedLock } from '../../../core/shared-lock.ts';
import { HandlerServer } from '../../../../test/support/handler-server.ts';
import { get, head } from '../../../../test/support/message.ts';
import { field, type RawResponse } from '../../../../test/support/parse-response.ts';
import {
  put,
  putHead,
  remove,
  tokensFile,
  TOKEN,
  WITH_TOKEN,
  writeOptions,
} from '../../../../test/support/put.ts';
import { exchange, RawConnection } from '../../../../test/support/raw-connection.ts';
import { fileMemory, openBelow, staticOptions } from '../../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../../test/support/temp.ts';
import { createStaticHandler } from '../handler.ts';

const directory = temporaryDirectory();
const resources = new AsyncDisposableStack();
const root = directory.join('site');
const tokens = tokensFile(directory);
const write = writeOptions(tokens, { maxSize: 1000 });
let server: HandlerServer;

before(async () => {
  mkdirSync(root);
  server = resources.use(
    await HandlerServer.start(createStaticHandler(staticOptions(root, { write }), { files: fileMemory() })),
  );
});
after(async () => {
  await resources.disposeAsync();
  directory.remove();
});
beforeEach(() => directory.write('site/a.txt', 'old'));

const ask = (request: string, at = server): Promise<RawResponse> => exchange(at.port, request);
const content = (name: string): string => readFileSync(directory.join('site', name), 'utf8');
const tag = async (path: string): Promise<string> => String(field(await ask(get(path)), 'etag'));
const refused = async (request: string, status: number, code: string, at = server): Promise<RawResponse> => {
  const logged = at.log.length;
  const response = await ask(request, at);
  assert.equal(response.status, status);
  assert.equal((await at.untilLogged(logged + 1))[logged].error, code);
  return response;
};

describe('PUT', () => {
  it('makes a file, and the next GET has it', async () => {
    assert.equal((await ask(get('/new.txt'))).status, 404);
    const response = await ask(put('/new.txt', 'new'));
    assert.equal(response.status, 201);
    const got = await ask(get('/new.txt'));
    assert.equal(got.body.toString(), 'new');
    for (const name of ['etag', 'last-modified']) assert.equal(field(response, name), field(got, name));
    assert.equal(statSync(directory.join('site', 'new.txt')).mode & 0o777 & ~0o644, 0);
  });

  it('replaces one that is in memory, and keeps its permissions', async () => {
    chmodSync(directory.join('site', 'a.txt'), 0o640);
    const old = await tag('/a.txt');
    for (const bytes of ['new', 'newer']) {
      const response = await ask(put('/a.txt', bytes));
      assert.equal(response.status, 204);
      assert.notEqual(field(response, 'etag'), old);
      assert.equal((await ask(get('/a.txt'))).body.toString(), bytes);
    }
    assert.equal(statSync(directory.join('site', 'a.txt')).mode & 0o777, 0o640);
  });

  it('takes a body in chunks, none, and names that are encoded', async () => {
    const fields = ['Host: a', WITH_TOKEN];
    const chunked = head('PUT /gr%C3%BC%C3%9Fe%20x.txt HTTP/1.1', ...fields, 'Transfer-Encoding: chunked');
    assert.equal((await ask(`${chunked}2\r\nab\r\n1\r\nc\r\n0\r\n\r\n`)).status, 201);
    assert.equal(content('grüße x.txt'), 'abc');
    assert.equal((await ask(head('PUT /empty HTTP/1.1', ...fields))).status, 201);
    assert.equal(content('empty'), '');
  });

  it('of what is there already, with a condition, changes only what the client knows', async () => {
    const old = await tag('/a.txt');
    await refused(put('/a.txt', 'x', 'If-None-Match: *'), 412, 'request.precondition-failed');
    await refused(put('/a.txt', 'x', 'If-Match: "other"'), 412, 'request.precondition-failed');
    await refused(put('/a.txt', 'x', `If-None-Match: ${old}`), 412, 'request.precondition-failed');
    const longAgo = 'If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT';
    await refused(put('/a.txt', 'x', longAgo), 412, 'request.precondition-failed');
    assert.equal(content('a.txt'), 'old');
    const response = await ask(put('/a.txt', 'new', `If-Match: "other", ${old}`));
    assert.equal(response.status, 204);
    await refused(put('/a.txt', 'x', `If-Match: ${old}`), 412, 'request.precondition-failed');
    assert.equal((await ask(put('/a.txt', 'newer', `If-Match: ${field(response, 'etag')}`))).status, 204);
    assert.equal(content('a.txt'), 'newer');
  });

  it('of what is not there, with a condition', async () => {
    await refused(put('/none', 'x', 'If-Match: *'), 412, 'request.precondition-failed');
    assert.equal((await ask(put('/made', 'x', 'If-None-Match: *'))).status, 201);
    await refused(put('/made', 'y', 'If-None-Match: *'), 412, 'request.precondition-failed');
    assert.equal(content('made'), 'x');
  });

  it('looks at the condition again when all of the body is there', async () => {
    const old = await tag('/a.txt');
    using slow = await RawConnection.connect(server.port);
    await slow.send(putHead('/a.txt', 4, `If-Match: ${old}`, 'Expect: 100-continue'));
    await slow.untilText('100 Continue');
    assert.equal((await ask(put('/a.txt', 'quick', `If-Match: ${old}`))).status, 204);
    await slow.send('slow');
    assert.equal((await slow.response('PUT')).status, 412);
    assert.equal(content('a.txt'), 'quick');
  });

  it('is refused before its body is sent', async () => {
    const waits = 'Expect: 100-continue';
    const nobody = head('PUT /a.txt HTTP/1.1', 'Host: a', 'Content-Length: 3', waits);
    await refused(nobody, 401, 'request.unauthorized');
    await refused(putHead('/a.txt', 1001, waits), 413, 'static.too-large');
    await refused(putHead('/a.txt', 3, waits, 'If-Match: "x"'), 412, 'request.precondition-failed');
    await refused(putHead('/none/a.txt', 3, waits), 409, 'static.no-directory');
  });

  it('of more than may be is refused when that is seen', async () => {
    assert.equal((await ask(put('/full', 'x'.repeat(1000)))).status, 201);
    using client = await RawConnection.connect(server.port);
    await client.send(head('PUT /a.txt HTTP/1.1', 'Host: a', WITH_TOKEN, 'Transfer-Encoding: chunked'));
    await client.send(`3e9\r\n${'x'.repeat(1001)}\r\n`);
    assert.equal((await client.response('PUT')).status, 413);
    assert.equal(content('a.txt'), 'old');
  });

  it('stores no part, and nothing that is coded', async () => {
    await refused(put('/a.txt', 'x', 'Content-Range: bytes 0-0/3'), 400, 'static.partial');
    const response = await refused(put('/a.txt', 'x', 'Content-Encoding: gzip'), 415, 'static.coded');
    assert.equal(field(response, 'accept-encoding'), 'identity');
    assert.equal(content('a.txt'), 'old');
  });
});

describe('DELETE', () => {
  it('removes a file', async () => {
    await ask(get('/a.txt'));
    assert.equal((await ask(remove('/a.txt'))).status, 204);
    assert.equal((await ask(get('/a.txt'))).status, 404);
    await refused(remove('/a.txt', 'If-Match: "x"'), 404, 'request.not-found');
    await refused(remove('/none/a.txt'), 404, 'request.not-found');
  });

  it('obeys conditions', async () => {
    const current = await tag('/a.txt');
    await refused(remove('/a.txt', 'If-Match: "x"'), 412, 'request.precondition-failed');
    assert.equal((await ask(remove('/a.txt', `If-Match: ${current}`))).status, 204);
  });
});

describe('neither', () => {
  it('is for directories, links, or what begins with a dot', async () => {
    mkdirSync(directory.join('site', 'folder'), { recursive: true });
    directory.write('outside/canary', 'canary');
    symlinkSync('a.txt', directory.join('site', 'link'));
    symlinkSync('../outside', directory.join('site', 'out'));
    for (const path of ['/', '/folder', '/folder/', '/a.txt/', '/link']) {
      await refused(put(path, 'x'), 409, 'static.no-file');
      await refused(remove(path), 409, 'static.no-file');
    }
    await refused(put('/a.txt/b', 'x'), 409, 'static.no-directory');
    for (const path of ['/.env', '/a%2Fx', '/a%5Cx', '/folder/.dreamserver-put-1']) {
      await refused(put(path, 'x'), 404, 'request.not-found');
    }
    await refused(put(`/${'n'.repeat(300)}`, 'x'), 400, 'request.malformed-path');
    for (const symlinks of ['within-root', 'deny', 'follow'] as const) {
      const handler = createStaticHandler(staticOptions(root, { write, symlinks }), { files: fileMemory() });
      await using other = await HandlerServer.start(handler);
      await refused(put('/out/canary', 'x'), 409, 'static.no-directory', other);
      await refused(remove('/out/canary'), 404, 'request.not-found', other);
    }
    assert.equal(readFileSync(directory.join('outside', 'canary'), 'utf8'), 'canary');
    assert.equal(content('a.txt'), 'old');
  });

  it('goes through a link within the root where links are denied', async () => {
    mkdirSync(directory.join('site', 'real'));
    symlinkSync('real', directory.join('site', 'alias'));
    const handler = createStaticHandler(staticOptions(root, { write, symlinks: 'deny' }), {
      files: fileMemory(),
    });
    await using strict = await HandlerServer.start(handler);
    await refused(put('/alias/x', 'x'), 409, 'static.no-directory', strict);
    assert.equal((await ask(put('/real/x', 'x'), strict)).status, 201);
    assert.equal((await ask(put('/alias/x', 'y'))).status, 204);
    assert.equal(content('real/x'), 'y');
  });

  it('goes where a directory is put in the place of another while the body comes', async () => {
    const begin = async (): Promise<RawConnection> => {
      mkdirSync(directory.join('site', 'swapped'));
      const client = await RawConnection.connect(server.port);
      await client.send(putHead('/swapped/x', 1, 'Expect: 100-continue'));
      await client.untilText('100 Continue');
      return client;
    };
    directory.write('elsewhere/canary', '');

    using moved = await begin();
    renameSync(directory.join('site', 'swapped'), directory.join('site', 'moved'));
    symlinkSync('../elsewhere', directory.join('site', 'swapped'));
    await moved.send('x');
    assert.equal((await moved.response('PUT')).status, 201);
    assert.equal(content('moved/x'), 'x');
    unlinkSync(directory.join('site', 'swapped'));

    using out = await begin();
    renameSync(directory.join('site', 'swapped'), directory.join('taken-out'));
    await out.send('x');
    assert.equal((await out.response('PUT')).status, 409);
    assert.deepEqual(readdirSync(directory.join('taken-out')), []);

    using gone = await begin();
    rmSync(directory.join('site', 'swapped'), { recursive: true });
    await gone.send('x');
    assert.equal((await gone.response('PUT')).status, 409);
    assert.deepEqual(readdirSync(directory.join('elsewhere')), ['canary']);
  });

  it('is for who has no token', async () => {
    const challenge = async (method: string, ...fields: string[]): Promise<string | undefined> => {
      const request = head(`${method} /a.txt HTTP/1.1`, 'Host: a', ...fields);
      return field(await refused(request, 401, 'request.unauthorized'), 'www-authenticate');
    };
    for (const method of ['PUT', 'DELETE']) {
      assert.equal(await challenge(method), 'Bearer realm="files"');
      assert.equal(await challenge(method, 'Authorization: Basic YTpi'), 'Bearer realm="files"');
      const wrong = await challenge(method, `Authorization: Bearer ${TOKEN}x`);
      assert.equal(wrong, 'Bearer realm="files", error="invalid_token"');
    }
    assert.equal(content('a.txt'), 'old');
  });

  it('is there unless it is asked for', async () => {
    assert.equal(
      field(await ask(head('OPTIONS / HTTP/1.1', 'Host: a')), 'allow'),
      'GET, HEAD, OPTIONS, PUT, DELETE',
    );
    const only = writeOptions(tokens, { methods: ['PUT'] });
    await using puts = await HandlerServer.start(
      createStaticHandler(staticOptions(root, { write: only }), { files: fileMemory() }),
    );
    const response = await refused(remove('/a.txt'), 405, 'request.method-not-allowed', puts);
    assert.equal(field(response, 'allow'), 'GET, HEAD, OPTIONS, PUT');
    await using neither = await HandlerServer.start(
      createStaticHandler(staticOptions(root), { files: fileMemory() }),
    );
    await refused(put('/a.txt', 'x'), 405, 'request.method-not-allowed', neither);
  });

  it('leaves anything behind: no file, no descriptor', () => {
    const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
    assert.deepEqual(
      names.filter((name) => name.includes('.dreamserver')),
      [],
    );
    assert.deepEqual(openBelow(root), []);
  });
});

/** A lock that tells when it is held and when it is let go of. */
class ToldLock extends SharedLock {
  held = (): void => {};
  letGo = (): void => {};

  override acquire(): void {
    super.acquire();
    this.held();
  }

  override release(): void {
    this.letGo();
    super.release();
  }
}

describe('what one thread does while others write', () => {
  const lock = new ToldLock(new Int32Array(new SharedArrayBuffer(4)), 0);
  const handler = createStaticHandler(staticOptions(root, { write }), {
    files: fileMemory(),
    writeLock: lock,
  });

  for (const [method, request] of [
    ['PUT', (condition: string) => put('/a.txt', 'new', condition)],
    ['DELETE', (condition: string) => remove('/a.txt', condition)],
  ] as const) {
    it(`is to look at the condition of a ${method} when the lock is held`, async () => {
      const condition = `If-Match: ${await tag('/a.txt')}`;
      await using other = await HandlerServer.start(handler);
      lock.held = () => directory.write('site/a.txt', 'by another');
      await refused(request(condition), 412, 'request.precondition-failed', other);
      assert.equal(content('a.txt'), 'by another');
    });

    it(`is to have done a ${method} when the lock is let go of`, async () => {
      const condition = `If-Match: ${await tag('/a.txt')}`;
      await using other = await HandlerServer.start(handler);
      let held = false;
      let found: string | undefined;
      lock.held = () => {
        held = true;
        assert.equal(content('a.txt'), 'old');
      };
      lock.letGo = () => {
        found = existsSync(directory.join('site', 'a.txt')) ? content('a.txt') : 'removed';
      };
      assert.equal((await ask(request(condition), other)).status, 204);
      assert.deepEqual([held, found], [true, method === 'PUT' ? 'new' : 'removed']);
    });
  }
});

describe('the file of tokens', () => {
  it('is read for each write, and nobody is admitted without it', async () => {
    tokensFile(directory, 'another-one-that-they-have\n');
    await refused(put('/a.txt', 'x'), 401, 'request.unauthorized');
    tokensFile(directory, 'short\n');
    await refused(put('/a.txt', 'x'), 500, 'static.tokens-unreadable');
    assert.equal(server.log.at(-1)?.cause, 'unfit');
    tokensFile(directory);
    assert.equal((await ask(put('/a.txt', 'x'))).status, 204);
  });

  it('is not all that is kept from clients: temporary files that a crash has left are not served', async () => {
    directory.write('site/.dreamserver-put-left', 'x');
    const handler = createStaticHandler(staticOptions(root, { dotfiles: 'allow' }), { files: fileMemory() });
    await using open = await HandlerServer.start(handler);
    for (const name of ['.dreamserver-put-left', '.DreamServer-Put-left', '.dreamserver-put%2Dleft']) {
      await refused(get(`/${name}`), 404, 'request.not-found', open);
    }
    assert.ok(existsSync(directory.join('site', '.dreamserver-put-left')));
  });
});
