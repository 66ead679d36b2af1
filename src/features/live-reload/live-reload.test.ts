import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { ask, exchangeFor } from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import { until } from '../../../test/support/until.ts';
import { DreamError } from '../../core/errors.ts';
import type { Body, BodySink, BodySource } from '../../http/body.ts';
import { HeaderList } from '../../http/header-list.ts';
import { Response } from '../../http/response.ts';
import type { Handler } from '../../pipeline/handler.ts';
import { CLIENT_SCRIPT, ENDPOINT } from './client-script.ts';
import { createLiveReloadFeature } from './handler.ts';

/** Called for what must not happen. */
function fail(reason: unknown): never {
  throw new Error('this must not happen', { cause: reason });
}

const directory = temporaryDirectory();
const closing = new AbortController();
after(() => {
  closing.abort();
  directory.remove();
});
const deps = { closing: closing.signal, unwatched: fail };
const reload = createLiveReloadFeature({ watch: [directory.path] }, deps);
const SCRIPT = CLIENT_SCRIPT.toString();

const answering = (body: Body, fields: string[] = [], status = 200): Handler =>
  reload(
    () => new Response(status, HeaderList.of('Content-Type', 'text/html; charset=utf-8', ...fields), body),
  );

/** Bytes that come piece by piece, to a sink that takes one at a time. */
function pieces(...texts: string[]): BodySource {
  let sink: BodySink | undefined;
  let at = 0;
  const go = (): void => {
    while (at < texts.length) if (sink?.data(Buffer.from(texts[at++])) === false) return;
    sink?.end();
  };
  return {
    length: texts.join('').length,
    trailers: undefined,
    flow(to) {
      sink = to;
      go();
    },
    resume: go,
    cancel: () => {},
  };
}

describe('a page', () => {
  test('has the script at the end of its body', async () => {
    for (const end of ['</body></html>', '</BODY>', '']) {
      const { text } = await ask(answering(Buffer.from(`<p>Hello${end}`)), '/');
      assert.equal(text, `<p>Hello${SCRIPT}${end}`);
    }
  });

  test('whose bytes come has it behind them, and its length is known', async () => {
    const handler = answering(pieces('<body>', 'a', '</body>'));
    const { response, text } = await ask(handler, '/');
    assert.equal(text, `<body>a</body>${SCRIPT}`);
    assert.equal((response.body as BodySource).length, text.length);
  });

  test('waits for a client that takes nothing, and has its script once', () => {
    const got: string[] = [];
    const { body } = answering(pieces('a', 'b'))(exchangeFor('/')) as Response;
    const source = body as BodySource;
    source.flow({
      data: (chunk) => {
        got.push(chunk.toString());
        return false;
      },
      end: () => got.push('end'),
      fail,
    });
    for (const expected of [1, 2, 3, 4]) {
      assert.equal(got.length, expected);
      if (expected < 4) source.resume();
    }
    assert.deepEqual(got, ['a', 'b', SCRIPT, 'end']);
  });

  test('that breaks off gets no script', async () => {
    const broken: BodySource = {
      ...pieces(),
      flow: (sink) => sink.fail(new DreamError('static.file-changed')),
    };
    await assert.rejects(ask(answering(broken), '/'));
  });

  test('of an error has it too, and the error stays known', async () => {
    const handler = reload(
      () =>
        new Response(404, HeaderList.of('Content-Type', 'text/html'), Buffer.from('no'), {
          error: 'request.not-found',
        }),
    );
    const { status, error, text } = await ask(handler, '/');
    assert.deepEqual([status, error, text], [404, 'request.not-found', `no${SCRIPT}`]);
  });

  test('is not kept, and nothing is said of it that is no longer true', async () => {
    const fields = ['ETag', '"a"', 'Last-Modified', 'x', 'Accept-Ranges', 'bytes', 'Vary', 'Accept'];
    const page = await ask(answering(Buffer.from(''), [...fields, 'Content-Security-Policy', 'x']), '/');
    for (const name of ['ETag', 'Last-Modified', 'Accept-Ranges', 'Content-Security-Policy']) {
      assert.equal(page.field(name), undefined, name);
    }
    assert.deepEqual([page.field('Cache-Control'), page.field('Vary')], ['no-store', 'Accept']);
  });

  test('is asked for whole, whatever the browser has kept of it', async () => {
    const fields = [
      'If-None-Match: "a"',
      'Range: bytes=0-1',
      'Accept-Encoding: br',
      'Accept: text/html',
      'X: y',
    ];
    const seen: (string | undefined)[][] = [];
    const handler = reload(({ request: { headers } }) => {
      seen.push(
        ['If-None-Match', 'Range', 'Accept-Encoding', 'Accept', 'X'].map((name) => headers.get(name)),
      );
      return new Response(304);
    });
    await ask(handler, '/', { fields });
    await ask(handler, '/', { fields: fields.filter((line) => !line.startsWith('Accept:')) });
    assert.deepEqual(seen, [
      [undefined, undefined, undefined, 'text/html', 'y'],
      ['"a"', 'bytes=0-1', 'br', undefined, 'y'],
    ]);
  });
});

describe('what is no page', () => {
  for (const [what, status, type, ...fields] of [
    ['another type', 200, 'text/css'],
    ['what is in a coding', 200, 'text/html', 'Content-Encoding', 'gzip'],
    ['a part', 206, 'text/html', 'Content-Range', 'bytes 0-1/9'],
  ] as const) {
    test(`stays as it is: ${what}`, async () => {
      const body = Buffer.from('<body></body>');
      const handler = reload(
        () => new Response(status, HeaderList.of('Content-Type', type, 'ETag', '"a"', ...fields), body),
      );
      const answer = await ask(handler, '/');
      assert.equal(answer.response.body, body);
      assert.deepEqual([answer.field('ETag'), answer.field('Cache-Control')], ['"a"', 'no-cache']);
    });
  }
});

describe('changes', () => {
  /** Listens until it is left, and tells what came. */
  async function listen(at = ENDPOINT): Promise<{ readonly said: string[]; source: BodySource }> {
    const response = await answering(null)(exchangeFor(at));
    assert.equal(response.headers.get('Content-Type'), 'text/event-stream');
    const said: string[] = [];
    const source = response.body as BodySource;
    source.flow({
      data: (chunk) => said.push(/event: (\w+)/.exec(chunk.toString())?.[1] ?? '') > 0,
      end: () => said.push('end'),
      fail,
    });
    return { said, source };
  }

  test('are told once they have come to rest: styles as such', async () => {
    const { said } = await listen();
    const below = await listen(`/some/where${ENDPOINT}`);
    directory.write('node_modules/x/index.js', '1');
    directory.write('.git/index', '1');
    directory.write('a.css', '1');
    await until(() => said.includes('style') || said.includes('page'), { what: 'a change is told' });
    assert.ok(!said.includes('page'), 'nothing but the style has changed');
    directory.write('page.html', '1');
    directory.write('b.css', '1');
    await until(() => said.includes('page'), { what: 'the page is told' });
    assert.equal(said[0], 'server');
    assert.deepEqual(below.said, said);
  });

  test('are not told to those who have left, and end with the server', async () => {
    const stop = new AbortController();
    const feature = createLiveReloadFeature({ watch: [directory.path] }, { ...deps, closing: stop.signal });
    const said: string[] = [];
    const { body } = await feature(() => new Response(200))(exchangeFor(ENDPOINT));
    const sink: BodySink = {
      data: (chunk) => said.push(chunk.toString()) > 0,
      end: () => said.push('end'),
      fail,
    };
    (body as BodySource).flow(sink);
    const ended = once(stop.signal, 'abort');
    stop.abort();
    await ended;
    assert.match(said[0], /^event: server\ndata: [\w-]+\n\n$/);
    assert.deepEqual(said.slice(1), ['end']);
    const late = await feature(() => new Response(200))(exchangeFor(ENDPOINT));
    (late.body as BodySource).flow(sink);
    assert.equal(said.length, 3);
  });
});
