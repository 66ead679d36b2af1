import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createAccessLog } from './access-log.ts';
import type { AccessLogFormat } from './access-log.ts';
import type { AccessRecord } from './access-record.ts';
import type { LogSink } from './log-sink.ts';

const RECORD: AccessRecord = {
  id: '1c4f0a52-7d1e-4b8e-9a43-5b2c9f0d6e11',
  ip: '127.0.0.1',
  method: 'GET',
  host: 'localhost:8080',
  path: '/',
  status: 200,
  bytes: 5120,
  latencyMs: 3.1415,
};

/** What the log hands to its sink for these records. */
function logged(format: AccessLogFormat, ...changes: Partial<AccessRecord>[]): string {
  let text = '';
  const sink = { write: (lines: string) => (text += lines) } as Partial<LogSink> as LogSink;
  const log = createAccessLog({ format, sink });
  for (const change of changes) log.request({ ...RECORD, ...change });
  return text;
}

test('the dream line', () => {
  assert.equal(
    logged('dream', {}),
    '[INFO] DREAM_SERVER REQUEST | id=1c4f0a52-7d1e-4b8e-9a43-5b2c9f0d6e11 | ip=127.0.0.1 | method=GET | host=localhost:8080 | path=/ | status=200 | bytes=5120 | latency=3ms\n',
  );
});

test('the dream line ends with the error, if there is one', () => {
  const line = logged('dream', {
    status: 502,
    bytes: 2081,
    latencyMs: 0.4,
    error: 'upstream.connect-failed',
  });
  assert.match(line, / \| status=502 \| bytes=2081 \| latency=0ms \| error=upstream\.connect-failed\n$/);
});

test('latency is in whole milliseconds, however long', () => {
  const latency = (latencyMs: number) => / latency=(\S+)\n/.exec(logged('dream', { latencyMs }))?.[1];
  assert.deepEqual([0, 0.49, 0.5, 255.2, 256.7, 3_600_000].map(latency), [
    '0ms',
    '0ms',
    '1ms',
    '255ms',
    '257ms',
    '3600000ms',
  ]);
});

test('any status has its line', () => {
  assert.match(logged('dream', { status: 999 }), / \| status=999 \| bytes=/);
});

test('what the client never sent is a dash', () => {
  const line = logged('dream', { method: '', host: '', path: '', error: 'http1.timeout.headers' });
  assert.match(line, / \| method=- \| host=- \| path=- \| status=/);
});

test('each line has the method and host of its own request', () => {
  const lines = logged('dream', {}, { host: 'a.example' }, { method: 'PUT', host: 'a.example' }, {}).split(
    '\n',
  );
  const found = lines.slice(0, -1).map((line) => /method=(\S+) \| host=(\S+)/.exec(line)?.slice(1).join(' '));
  assert.deepEqual(found, ['GET localhost:8080', 'GET a.example', 'PUT a.example', 'GET localhost:8080']);
});

test('each line is of its own request where all but one thing is as in the last', () => {
  const changes: Partial<AccessRecord>[] = [
    { id: 'a' },
    { ip: '127.0.0.2' },
    { method: 'PUT' },
    { host: 'a.example' },
    { path: '/b' },
    { status: 404 },
    { bytes: 1 },
    { latencyMs: 9 },
    { error: 'request.not-found' },
  ];
  for (const change of changes) {
    const [one, other] = [logged('dream', {}), logged('dream', change)];
    assert.notEqual(one, other);
    // Once, and when it has come again; then the first again.
    assert.equal(
      logged('dream', {}, {}, change, change, change, {}),
      one + one + other + other + other + one,
    );
  }
});

test('one line a request, fields in their places, whatever bytes a client sends', () => {
  const text = fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
  const forged = fc.constantFrom(
    '/\n[INFO] DREAM_SERVER REQUEST | id=x',
    '/ | status=200',
    '"} {"',
    '\\x0a',
    '" 200',
  );
  const value = fc.oneof(text, forged);
  fc.assert(
    fc.property(value, value, value, value, (method, host, path, userAgent) => {
      const record = { method, host, path, userAgent, referer: path };

      const dream = logged('dream', record);
      assert.match(dream, /^[ -~]+\n$/);
      const keys = dream.split(' | ').map((part) => part.split('=')[0]);
      assert.deepEqual(keys.slice(1), ['id', 'ip', 'method', 'host', 'path', 'status', 'bytes', 'latency']);

      const json = logged('json', record);
      assert.match(json, /^[ -~]+\n$/);
      const { method: m, host: h, path: p } = JSON.parse(json);
      assert.deepEqual([m, h, p], [method, host, path]);

      const combined = logged('combined', record);
      assert.match(combined, /^[ !#-~]+"[ !#-~]+" 200 5120 "[ !#-~]+" "[ !#-~]+"\n$/);
    }),
    { numRuns: 500 },
  );
});

test('the JSON line', () => {
  const before = Date.now();
  const { time, ...rest } = JSON.parse(logged('json', {}));
  const { id, ip, method, host, path, status, bytes } = RECORD;
  assert.deepEqual(rest, { id, ip, method, host, path, status, bytes, latency: 3.142 });
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(Date.parse(time) >= before && Date.parse(time) <= Date.now());

  const failed = JSON.parse(logged('json', { status: 404, error: 'request.not-found', latencyMs: 12.0005 }));
  assert.equal(failed.error, 'request.not-found');
  assert.equal(failed.latency, 12.001);
  assert.equal(JSON.parse(logged('json', { latencyMs: 0 })).latency, 0);
  assert.equal(JSON.parse(logged('json', { latencyMs: 0.9999 })).latency, 1);
});

test('the combined line', () => {
  const line = logged('combined', {
    path: '/a?b',
    version: 10,
    referer: 'http://a.example/',
    userAgent: 'curl/8.0 "x"',
  });
  const time = /\[(.*?)\]/.exec(line)?.[1] ?? '';
  assert.equal(
    line,
    `127.0.0.1 - - [${time}] "GET /a?b HTTP/1.0" 200 5120 "http://a.example/" "curl/8.0 \\x22x\\x22"\n`,
  );
  assert.match(time, /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
  const at = Date.parse(time.replaceAll('/', ' ').replace(':', ' '));
  assert.ok(Math.abs(at - Date.now()) < 60_000);
});

test('the combined line has a dash for what is not known', () => {
  assert.match(logged('combined', { version: 11 }), / "GET \/ HTTP\/1\.1" 200 5120 "-" "-"\n$/);
  assert.match(logged('combined', { method: '', path: '', status: 408, bytes: 0 }), / "-" 408 0 "-" "-"\n$/);
});
