import assert from 'node:assert/strict';
import { stripVTControlCharacters } from 'node:util';
import { describe, test } from 'node:test';
import { parseConfig } from '../config/parse.ts';
import type { Config } from '../config/schema.ts';
import { version } from '../config/version.ts';
import { banner } from './banner.ts';
import type { BannerFacts } from './banner.ts';

function facts(config: Config, more: Partial<BannerFacts> = {}): BannerFacts {
  const parsed = parseConfig(config);
  const addresses = parsed.listeners.map((listener) => ({
    address: listener.address,
    port: listener.kind === 'tcp' ? listener.port : undefined,
  }));
  return { config: parsed, addresses, workers: 2, cannotShare: false, ...more };
}

describe('the banner', () => {
  const config: Config = {
    listeners: [':8080', '127.0.0.1:80', '[::1]:81', 'unix:/run/ds.sock'],
    upstreams: { django: { servers: [1, 2, 3, 4].map((i) => `http://10.0.0.${i}:8000`) } },
    routes: [
      { match: { host: 'djangoserver.com', path: '/api/*' }, proxy: 'django' },
      { match: { path: '/other/*' }, proxy: 'http://10.0.0.9' },
      { match: { path: '/health' }, respond: 'ok' },
      { match: { host: 'old.example' }, redirect: { to: 'https://new.example{uri}', status: 308 } },
      { files: { root: [import.meta.dirname, import.meta.dirname] } },
    ],
  };

  test('tells where it listens, what it does with which requests, where it logs', () => {
    assert.deepEqual(banner(facts(config), false).split('\n'), [
      '',
      `  DreamServer ${version}`,
      '',
      '  listening  http://localhost:8080',
      '             http://127.0.0.1',
      '             http://[::1]:81',
      '             unix:/run/ds.sock',
      '  routes     djangoserver.com/api/*  →  proxy django (10.0.0.1:8000, 10.0.0.2:8000, 10.0.0.3:8000, …)',
      '             /other/*                →  proxy http://10.0.0.9',
      '             /health                 →  respond 200',
      '             old.example/*           →  redirect 308 https://new.example{uri}',
      `             /*                      →  files ${import.meta.dirname}, ${import.meta.dirname}`,
      '  log        stdout (dream)',
      '  workers    2',
      '',
      '',
    ]);
  });

  test('says the same in colour', () => {
    const colourful = banner(facts(config), true);
    assert.notEqual(colourful, banner(facts(config), false));
    assert.equal(stripVTControlCharacters(colourful), banner(facts(config), false));
  });

  test('names the log file, and the port that was taken', () => {
    const text = banner(
      facts(
        { routes: [{ respond: 'ok' }], accessLog: { path: '/var/log/ds.log', format: 'json' } },
        { addresses: [{ address: '127.0.0.1:0', port: 41_234 }] },
      ),
      false,
    );
    assert.match(text, /log {8}\/var\/log\/ds\.log \(json\)/);
    assert.match(text, /http:\/\/127\.0\.0\.1:41234\n/);
  });

  test('tells which requests go elsewhere, and where copies of them go', () => {
    const servers = ['http://10.0.0.1:8000'];
    const split = [
      { to: 'canary', header: { 'X-Canary': '1' }, cookie: { beta: 'yes' } },
      { to: 'canary', weight: '5.5%' },
    ];
    const text = banner(
      facts({
        upstreams: { app: { servers }, canary: { servers } },
        routes: [{ proxy: { to: 'app', split, mirror: { to: 'http://10.0.0.3', share: '7%' } } }],
      }),
      false,
    );
    const told =
      'proxy app (10.0.0.1:8000), split to canary (X-Canary, beta), split to canary (5.5%), mirror to http://10.0.0.3 (7%)';
    assert.ok(text.includes(`${told}\n`), text);
  });

  test('stays short however many routes there are', () => {
    const routes = Array.from({ length: 500 }, (_, i) => ({ match: { path: `/${i}` }, respond: 'ok' }));
    const text = banner(facts({ routes }), false);
    assert.ok(text.split('\n').length < 30);
    assert.match(text, /and 488 more/);
  });

  test('tells the addresses for other machines where it is given them', () => {
    const network = ['http://192.168.1.5:8080', 'http://[fd00::2]:8080'];
    const text = banner(facts({ routes: [{ respond: 'ok' }] }), false, network);
    assert.ok(
      text.includes(`localhost:8080\n  network    ${network[0]}\n             ${network[1]}\n  routes`),
      text,
    );
  });

  test('says why there is one worker only', () => {
    assert.match(
      banner(facts({ routes: [{ respond: 'ok' }] }, { workers: 1, cannotShare: true }), false),
      /workers {4}1, since/,
    );
  });
});
