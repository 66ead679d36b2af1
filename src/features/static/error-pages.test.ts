import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, suite, test } from 'node:test';
import { ask, exchangeFor, fileMemory, staticOptions } from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import { Response } from '../../http/response.ts';
import { FRESH_MS } from './file-store.ts';
import { createStaticHandler } from './handler.ts';

const directory = temporaryDirectory();
const OWN = '<p>our own page</p>';
directory.write('404.html', OWN);
directory.write('405.html', 'our 405');
directory.write('bare/x.txt', 'x');
directory.write('a.txt', 'abc');
after(() => directory.remove());

const handler = createStaticHandler(staticOptions(directory.path), { files: fileMemory() });

suite("a site's own page", () => {
  test('is given with the status of the error', async () => {
    const answer = await ask(handler, '/missing');
    assert.equal(answer.status, 404);
    assert.equal(answer.error, 'request.not-found');
    assert.equal(answer.text, OWN);
    assert.equal(answer.field('Content-Type'), 'text/html; charset=utf-8');
    assert.equal(answer.field('ETag'), undefined);
  });

  test('keeps the other fields of the error', async () => {
    const answer = await ask(handler, '/a.txt', { method: 'POST' });
    assert.equal(answer.text, 'our 405');
    assert.equal(answer.field('Allow'), 'GET, HEAD, OPTIONS');
    assert.equal(answer.field('Cache-Control'), 'no-store');
  });

  test('is not for clients that would rather have something else', async () => {
    const answer = await ask(handler, '/missing', { fields: ['Accept: application/json'] });
    assert.equal(answer.status, 404);
    assert.equal(answer.field('Content-Type'), 'application/json; charset=utf-8');
  });

  test('leaves the other statuses with the built-in page', async () => {
    const forbidden = await ask(handler, '/bare/');
    assert.equal(forbidden.status, 403);
    assert.match(forbidden.text, /<title>403 Forbidden<\/title>/);
    const outside = await ask(handler, '/a.txt', { fields: ['Range: bytes=9-'] });
    assert.equal(outside.status, 416);
    assert.equal(outside.field('Content-Range'), 'bytes */3');
  });

  test('asked for by its name is a page like any other', async () => {
    assert.equal((await ask(handler, '/404.html')).status, 200);
  });

  test('comes, changes and goes within a second', async () => {
    let after = 0;
    const aSecondLater = async (): Promise<string> =>
      (await ask(handler, '/bare/', { after: (after += 1000) })).text;
    assert.match(await aSecondLater(), /<title>403/);
    directory.write('403.html', 'ours');
    assert.equal(await aSecondLater(), 'ours');
    directory.write('403.html', 'ours, newer');
    assert.equal(await aSecondLater(), 'ours, newer');
    rmSync(directory.join('403.html'));
    assert.match(await aSecondLater(), /<title>403/);
  });
});

suite('pages that the site names', () => {
  directory.write('errors/404.html', 'named 404');
  directory.write('errors/4xx.html', 'named 4xx');
  const named = (errors: Record<string, string>) =>
    createStaticHandler(staticOptions(directory.path, { errors }), { files: fileMemory() });
  const both = { '404': '/errors/404.html', '4xx': '/errors/4xx.html' };

  for (const [what, errors, target, method, status, text] of [
    ['that of the status goes before that of its class', both, '/missing', 'GET', 404, 'named 404'],
    ['that of the class is for all others', both, '/a.txt', 'POST', 405, 'named 4xx'],
    [
      'one that is not there leaves it to the next',
      { ...both, '404': '/gone.html' },
      '/missing',
      'GET',
      404,
      'named 4xx',
    ],
    ['or to that in the root', { '404': '/gone.html', '5xx': '/a.txt' }, '/missing', 'GET', 404, OWN],
    ['or to the built-in one', { '403': '/gone.html' }, '/bare/', 'GET', 403, undefined],
  ] as const) {
    test(what, async () => {
      for (let i = 0; i < 2; i++) {
        const answer = await ask(named(errors), target, { method });
        assert.equal(answer.status, status);
        if (text === undefined) assert.match(answer.text, /<title>403/);
        else assert.equal(answer.text, text);
        assert.equal(answer.field('Cache-Control'), 'no-store');
      }
    });
  }

  test('one that goes before comes within a second', async () => {
    const handler = named({ '404': '/late.html' });
    assert.equal((await ask(handler, '/missing')).text, OWN);
    directory.write('late.html', 'late');
    assert.equal((await ask(handler, '/missing', { after: 1000 })).text, 'late');
  });
});

test('an error that needs no look at the disk is answered at once', async () => {
  await ask(handler, '/a.txt', { method: 'POST' });
  assert.ok(handler(exchangeFor('/a.txt', { method: 'POST', after: -FRESH_MS })) instanceof Response);
});
