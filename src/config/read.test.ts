import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { temporaryDirectory } from '../../test/support/temp.ts';
import { leniencyOf, STRICT } from '../http1/leniency.ts';
import { ConfigError, StartError } from './config-error.ts';
import { defaultCacheSize } from './default-cache-size.ts';
import { CONFIG_FILES, findConfig, loadConfig } from './read.ts';
import type { RuntimeConfig } from './runtime-config.ts';
import { version } from './version.ts';

async function load(name: string, text: string): Promise<{ config: RuntimeConfig; directory: string }> {
  using directory = temporaryDirectory();
  return { config: await loadConfig(directory.write(name, text)), directory: directory.path };
}

test('the least configuration gets every default', async () => {
  const { config } = await load('dreamserver.yaml', 'routes: [{ respond: ok }]');
  assert.deepEqual(config, {
    listeners: [{ kind: 'tcp', address: ':8080', host: undefined, port: 8080, proxyProtocol: false }],
    upstreams: [],
    routes: [
      {
        match: { host: undefined, path: undefined },
        features: { headers: undefined, liveReload: undefined },
        end: {
          kind: 'respond',
          options: { status: 200, body: 'ok', headers: [['content-type', 'text/plain; charset=utf-8']] },
        },
      },
    ],
    accessLog: { path: undefined, format: 'dream' },
    fileCache: { size: defaultCacheSize(), entries: 131_072, watch: true },
    limits: {
      connections: 10_000,
      headerBytes: 32_768,
      headers: 100,
      uriBytes: 8192,
      bodyBytes: 1_073_741_824,
      requestsPerConnection: 0,
      minDataRate: 240,
    },
    lenient: STRICT,
    timeouts: {
      headers: 10_000,
      bodyIdle: 30_000,
      keepAlive: 60_000,
      writeStall: 30_000,
      tunnel: 3_600_000,
      shutdown: 30_000,
    },
    trustedProxies: { addresses: [], fields: 'x-forwarded' },
    serverHeader: `DreamServer/${version}`,
    workers: 'auto',
  });
});

test('what is watched for live reload lies beside the configuration', async () => {
  const text =
    'routes: [{ match: { path: /a }, respond: ok, liveReload: a }, { respond: ok, liveReload: [b/c, /d] }]';
  const { config, directory } = await load('dreamserver.yaml', text);
  assert.deepEqual(
    config.routes.map(({ features }) => features.liveReload),
    [{ watch: [join(directory, 'a')] }, { watch: [join(directory, 'b/c'), '/d'] }],
  );
});

test('the result can be posted to a worker thread as it is', async () => {
  const { config } = await load(
    'dreamserver.yaml',
    'routes: [{ proxy: http://127.0.0.1:1 }, { match: { path: /a }, redirect: / }]',
  );
  assert.deepEqual(structuredClone(config), config);
});

test('relative paths start at the folder of the file', async () => {
  const { config, directory } = await load(
    'dreamserver.yaml',
    'listeners: ["unix:run/ds.sock"]\nroutes: [{ files: . }, { match: { path: /a }, proxy: unix:app.sock }]\naccessLog: { path: access.log }',
  );
  assert.deepEqual(config.listeners, [
    { kind: 'unix', address: 'unix:run/ds.sock', path: join(directory, 'run/ds.sock'), proxyProtocol: false },
  ]);
  assert.equal(config.accessLog.path, join(directory, 'access.log'));
  assert.equal(config.upstreams[0].servers[0].path, join(directory, 'app.sock'));
  const [{ end }] = config.routes;
  assert.equal(end.kind === 'files' && end.options.root, directory);
});

test('a leniency is for clients at the top, and for the servers of an upstream there', async () => {
  const { config } = await load(
    'dreamserver.yaml',
    `
lenient: [bare-lf]
upstreams: { old: { servers: ["http://10.0.0.1"], lenient: [chunk-size-space, missing-reason-space] } }
routes: [{ proxy: old }]`,
  );
  assert.deepEqual(config.lenient, { ...STRICT, bareLf: true });
  assert.deepEqual(config.upstreams[0].lenient, leniencyOf(['chunk-size-space', 'missing-reason-space']));
});

test('a feature is the route’s own, else that of `defaults`, and none where the route says so', async () => {
  const { config } = await load(
    'dreamserver.yaml',
    `
defaults: { headers: { response: { set: { X-A: all } } } }
routes:
  - { match: { path: /a }, respond: ok }
  - { match: { path: /b }, respond: ok, headers: { response: { set: { X-B: own } } } }
  - { match: { path: /c }, respond: ok, headers: false }`,
  );
  assert.deepEqual(
    config.routes.map(({ features }) => features.headers?.response?.set),
    [[['X-A', 'all']], [['X-B', 'own']], undefined],
  );
});

test('answers wait for slow clients where that is asked for, within bounds', async () => {
  const { config } = await load(
    'dreamserver.yaml',
    `
routes:
  - { match: { path: /a }, proxy: http://127.0.0.1:1 }
  - { match: { path: /b }, proxy: { to: http://127.0.0.1:1, buffer: { response: on } } }
  - { match: { path: /c }, proxy: { to: http://127.0.0.1:1, buffer: { response: off } } }
  - { match: { path: /d }, proxy: { to: http://127.0.0.1:1, buffer: { response: { file: 0 } } } }
  - { match: { path: /e }, proxy: { to: http://127.0.0.1:1, buffer: { response: { memory: 1MiB, file: 10MB } } } }`,
  );
  assert.deepEqual(
    config.routes.map(({ end }) => end.kind === 'proxy' && end.options.buffer.response),
    [
      undefined,
      { memory: 65_536, file: 1_073_741_824 },
      undefined,
      { memory: 65_536, file: 0 },
      { memory: 1_048_576, file: 10_000_000 },
    ],
  );
});

describe('upstreams', () => {
  test('have servers as URLs or with a weight, and defaults for everything else', async () => {
    const { config } = await load(
      'dreamserver.yaml',
      `
upstreams:
  api:
    servers: ["http://10.0.0.1", { url: "HTTP://[::1]:8000/", weight: 3 }]
    resolve: { static: { API.internal: 10.0.0.9 } }
    pool: { max: 8 }
    timeouts: { connect: 500ms }
routes: [{ proxy: { to: api, stripPrefix: /api, followRedirects: true, host: upstream, buffer: { request: off } } }]`,
    );
    assert.deepEqual(config.upstreams, [
      {
        name: 'api',
        servers: [
          {
            url: 'http://10.0.0.1',
            hostname: '10.0.0.1',
            port: 80,
            authority: '10.0.0.1',
            secure: false,
            path: undefined,
            weight: 1,
            backup: false,
            maxRequests: undefined,
          },
          {
            url: 'http://[::1]:8000',
            hostname: '::1',
            port: 8000,
            authority: '[::1]:8000',
            secure: false,
            path: undefined,
            weight: 3,
            backup: false,
            maxRequests: undefined,
          },
        ],
        balance: 'round-robin',
        sticky: undefined,
        slowStart: 0,
        retry: { attempts: 3, reset: true, timeout: false, statuses: [], budget: 0.2, within: 0 },
        eject: undefined,
        breaker: undefined,
        maxRequests: undefined,
        health: undefined,
        queue: { size: 1000, timeout: 5_000 },
        resolve: { static: { 'api.internal': '10.0.0.9' }, interval: undefined, srv: false, nameservers: [] },
        pool: { max: 8, idleTimeout: 60_000 },
        timeouts: { connect: 500, firstByte: 60_000, idle: 60_000 },
        lenient: STRICT,
        tls: { serverName: undefined, ca: undefined, cert: undefined, key: undefined, verify: true },
        proxyProtocol: undefined,
      },
    ]);
    assert.deepEqual(config.routes[0].end, {
      kind: 'proxy',
      options: {
        to: 'api',
        stripPrefix: '/api',
        followRedirects: { max: 5, methods: ['GET', 'HEAD'] },
        host: 'upstream',
        upgrade: true,
        connect: false,
        rewriteLocation: true,
        proxyStatus: true,
        forwarded: 'x-forwarded',
        buffer: { request: 'off', response: undefined },
      },
    });
  });

  test('written in place are made once for each URL', async () => {
    const { config } = await load(
      'dreamserver.yaml',
      `
routes:
  - { match: { path: /a }, proxy: "http://127.0.0.1:1" }
  - { match: { path: /b }, proxy: { to: "http://127.0.0.1:1" } }
  - { match: { path: /c }, proxy: "http://127.0.0.1:2" }
`,
    );
    assert.deepEqual(
      config.upstreams.map(({ name, servers }) => [name, servers.length]),
      [
        ['http://127.0.0.1:1', 1],
        ['http://127.0.0.1:2', 1],
      ],
    );
  });
});

test('the files of a root are compressed unless they are not to be', async () => {
  for (const [key, codings] of [
    ['', 3],
    [', compress: true', 3],
    [', compress: { codings: [gzip] }', 1],
    [', compress: false', undefined],
  ] as const) {
    const { config } = await load('dreamserver.yaml', `routes: [{ files: { root: .${key} } }]`);
    const { end } = config.routes[0];
    assert.equal(end.kind === 'files' && end.options.compress?.codings.length, codings, key);
  }
});

describe('files', () => {
  test('YAML, JSON, JavaScript and TypeScript say the same', async () => {
    const object = `{ "listeners": [":81"], "workers": 2, "routes": [{ "respond": "ok" }] }`;
    const { config: expected } = await load(
      'dreamserver.yaml',
      'listeners: [":81"]\nworkers: 2\nroutes: [{ respond: ok }]',
    );
    for (const [name, text] of [
      ['dreamserver.json', object],
      ['dreamserver.config.js', `export default ${object}`],
      ['dreamserver.config.mjs', `export default Promise.resolve(${object})`],
      [
        'dreamserver.config.ts',
        `import { defineConfig, respond, route } from 'dreamserver';
         const workers: number = 2;
         export default defineConfig({ listeners: [':81'], workers, routes: [{ respond: 'ok' }] });`,
      ],
    ] as const) {
      assert.deepEqual((await load(name, text)).config, expected, name);
    }
  });

  test('are looked for under their names, in order', () => {
    using directory = temporaryDirectory();
    assert.equal(findConfig(directory.path), undefined);
    for (const name of CONFIG_FILES.toReversed()) {
      const file = directory.write(name, '');
      assert.equal(findConfig(directory.path), file);
    }
  });

  for (const [what, name, text, expected] of [
    [
      'a module that throws',
      'a.config.mjs',
      '\nthrow new Error("no luck");',
      /a\.config\.mjs:2:\d+: no luck$/,
    ],
    ['a module that is no JavaScript', 'b.config.mjs', 'export default {', /b\.config\.mjs.*: Unexpected/],
    [
      'a module without a default export',
      'c.config.mjs',
      'export const x = 1;',
      /c\.config\.mjs: its default export/,
    ],
    [
      'a missing root',
      'd.yaml',
      'routes:\n  - files: { root: ./nothing }',
      /d\.yaml:2:20: the root \S+\/nothing does not exist$/,
    ],
    [
      'one of several roots that is missing',
      'f.yaml',
      'routes:\n  - files: { root: [., ./nothing] }',
      /f\.yaml:2:24: the root \S+\/nothing does not exist$/,
    ],
    [
      'a root that is a file',
      'e.yaml',
      'routes: [{ files: e.yaml }]',
      /e\.yaml:1:19: the root \S+\/e\.yaml is not a directory$/,
    ],
    [
      'a missing file of tokens',
      'f.yaml',
      'routes: [{ files: { root: ., write: { tokens: ./nothing } } }]',
      /f\.yaml:1:47: the file \S+\/nothing does not exist$/,
    ],
    [
      'a file of tokens that has something else',
      'g.yaml',
      'routes: [{ files: { root: ., write: { tokens: g.yaml } } }]',
      /g\.yaml:1:47: line 1 of \S+\/g\.yaml is neither a token /,
    ],
  ] as const) {
    test(`${what} is told in one line`, async () => {
      using directory = temporaryDirectory();
      const file = directory.write(name, text);
      await assert.rejects(loadConfig(file), (error) => {
        assert.ok(error instanceof StartError, String(error));
        assert.match(error.message, expected);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
    });
  }

  for (const [where, routes] of [
    ['the root', '[{ files: { root: ., write: { tokens: secret/tokens } } }]'],
    ['another of its roots', '[{ files: { root: [site, .], write: { tokens: secret/tokens } } }]'],
    [
      'the root of another route',
      '[{ match: { path: /a }, files: { root: site, write: { tokens: secret/tokens } } }, { files: . }]',
    ],
  ] as const) {
    test(`tokens below ${where} are refused, for clients could read them`, async () => {
      using directory = temporaryDirectory();
      directory.write('site/index.html', '');
      chmodSync(directory.write('secret/tokens', '0123456789abcdef'), 0o600);
      const file = directory.write('dreamserver.yaml', `routes: ${routes}`);
      await assert.rejects(loadConfig(file), (error) => {
        assert.ok(error instanceof StartError, String(error));
        assert.match(error.message, /the tokens \S+\/secret\/tokens lie below the root \S+, where/);
        return true;
      });
    });
  }

  test('a mistake in a module is told by its keys', async () => {
    using directory = temporaryDirectory();
    const file = directory.write('dreamserver.config.mjs', 'export default { routes: [{ file: "." }] };');
    await assert.rejects(loadConfig(file), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(
        error.message,
        /dreamserver\.config\.mjs: routes\[0\]\.file: unknown key `file`; did you mean `files`\?$/,
      );
      return true;
    });
  });

  test('that are not there or cannot be read are told in one line', async () => {
    using directory = temporaryDirectory();
    for (const [file, expected] of [
      [directory.join('absent.yaml'), /absent\.yaml: there is no such file$/],
      [directory.join('absent.config.ts'), /absent\.config\.ts: there is no such file$/],
      [directory.path, /: this is a directory, not a file$/],
    ] as const) {
      await assert.rejects(loadConfig(file), (error) => {
        assert.ok(error instanceof StartError);
        assert.match(error.message, expected);
        return true;
      });
    }
  });
});
