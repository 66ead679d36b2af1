import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineConfig, files, proxy, redirect, respond, route } from './define.ts';
import { parseConfig } from './parse.ts';

test('routes that are built are the ones that are written', () => {
  assert.deepEqual(route('/api/*', proxy({ to: 'http://10.0.0.2' })), {
    match: { path: '/api/*' },
    proxy: { to: 'http://10.0.0.2' },
  });
  assert.deepEqual(route('*.example.com/old', redirect('/new')), {
    match: { host: '*.example.com', path: '/old' },
    redirect: '/new',
  });
  assert.deepEqual(route('example.com:8080', files('./public')), {
    match: { host: 'example.com:8080' },
    files: './public',
  });
  assert.deepEqual(route({ path: '/health' }, respond({ status: 204 })), {
    match: { path: '/health' },
    respond: { status: 204 },
  });
});

test('a configuration of built routes is understood', () => {
  const config = defineConfig({
    listeners: ['127.0.0.1:0'],
    routes: [route('/api/*', proxy('http://10.0.0.2')), route('*', files(import.meta.dirname))],
  });
  assert.deepEqual(
    parseConfig(config).routes.map(({ match, end }) => [match.host, match.path, end.kind]),
    [
      [undefined, '/api/*', 'proxy'],
      ['*', undefined, 'files'],
    ],
  );
});

test('a route of two ends is refused', () => {
  const config = { routes: [route('/', respond('a'), redirect('/b'))] };
  assert.throws(() => parseConfig(config), /exactly one of .* has `redirect` and `respond`/);
});
