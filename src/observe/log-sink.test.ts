import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs, {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, mock, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { openBelow } from '../../test/support/static-handler.ts';
import { until } from '../../test/support/until.ts';
import { createLogSink } from './log-sink.ts';

const folder = mkdtempSync(join(tmpdir(), 'log-sink-'));
after(() => rmSync(folder, { recursive: true }));
const linesOf = (text: string): string[] => text.split('\n').slice(0, -1);
const numbered = (count: number, rest = 'x'.repeat(150)): string[] =>
  Array.from({ length: count }, (_, i) => `line ${i} ${rest}`);

test('every line is in the file after flush, in order', async () => {
  const path = join(folder, 'flush.log');
  const sink = createLogSink({ target: { path } });
  const lines = numbered(5000);
  for (const line of lines) sink.write(`${line}\n`);
  await sink.flush();
  assert.deepEqual(linesOf(readFileSync(path, 'latin1')), lines);
  sink.write('one more\n');
  await sink.flush();
  assert.deepEqual(linesOf(readFileSync(path, 'latin1')), [...lines, 'one more']);
  await sink.close();
});

test('close completes what was written, and can be called twice', async () => {
  const path = join(folder, 'close.log');
  const sink = createLogSink({ target: { path } });
  for (const line of numbered(1000)) sink.write(`${line}\n`);
  await Promise.all([sink.close(), sink.close()]);
  assert.equal(linesOf(readFileSync(path, 'latin1')).length, 1000);
  sink.write('too late\n');
  sink.flushSync();
  await sink.flush();
  assert.equal(linesOf(readFileSync(path, 'latin1')).length, 1000);
});

test('flush of nothing resolves', async () => {
  const sink = createLogSink({ target: { path: join(folder, 'empty.log') } });
  await sink.flush();
  await sink.close();
});

test('flushSync has written when it returns', async () => {
  const path = join(folder, 'sync.log');
  const sink = createLogSink({ target: { path } });
  const lines = numbered(1000);
  for (const line of lines) sink.write(`${line}\n`);
  sink.flushSync();
  assert.deepEqual(linesOf(readFileSync(path, 'latin1')), lines);
  await sink.close();
});

test('a file is appended to, and not readable by everybody', async () => {
  const path = join(folder, 'append.log');
  for (const line of ['first\n', 'second\n']) {
    const sink = createLogSink({ target: { path } });
    sink.write(line);
    await sink.close();
  }
  assert.equal(readFileSync(path, 'latin1'), 'first\nsecond\n');
  assert.equal(statSync(path).mode & 0o007, 0);
});

test('a line larger than a batch is written whole', async () => {
  const path = join(folder, 'large.log');
  const sink = createLogSink({ target: { path } });
  const line = `${'y'.repeat(200_000)}\n`;
  sink.write(line);
  sink.write('small\n');
  await sink.close();
  assert.equal(readFileSync(path, 'latin1'), `${line}small\n`);
});

test('a file that cannot be opened is an error at once', () => {
  const open = (path: string) => () => createLogSink({ target: { path } });
  assert.throws(open(join(folder, 'missing', 'access.log')), { code: 'ENOENT' });
  assert.throws(open(folder), { code: 'EISDIR' });
});

const NO_FULL_DISK = existsSync('/dev/full') ? false : 'this system has no /dev/full';

test(
  'a full disk is reported once, and the lines that were lost are counted',
  { skip: NO_FULL_DISK },
  async () => {
    const reports: string[] = [];
    const sink = createLogSink({
      target: { path: '/dev/full' },
      heldBytes: 100_000,
      report: (line) => reports.push(line),
    });
    for (const line of numbered(1000)) sink.write(`${line}\n`);
    await sink.flush();
    for (const line of numbered(1000)) sink.write(`${line}\n`);
    await sink.flush();
    assert.deepEqual(reports, [
      '[ERROR] DREAM_SERVER LOG | target=/dev/full | state=failing | error=ENOSPC\n',
    ]);
    await sink.close();
    assert.equal(reports[1], '[ERROR] DREAM_SERVER LOG | target=/dev/full | state=closed | lost=2000\n');
    assert.equal(reports.length, 2);
  },
);

/** A named pipe and its readers, each of which takes what is there at the moment. */
function namedPipe(name: string) {
  const path = join(folder, name);
  execFileSync('mkfifo', [path]);
  const open = () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const take = (fd: number): string => {
    const buffer = Buffer.alloc(1 << 20);
    try {
      return buffer.toString('latin1', 0, readSync(fd, buffer));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN');
      return '';
    }
  };
  return { path, open, take };
}

test('a reader that goes and comes back loses nothing that was held for it', async () => {
  const pipe = namedPipe('comes-back');
  const reports: string[] = [];
  let reader = pipe.open();
  const sink = createLogSink({ target: { path: pipe.path }, report: (line) => reports.push(line) });
  sink.write('before\n');
  await sink.flush();
  assert.equal(pipe.take(reader), 'before\n');

  closeSync(reader);
  sink.write('while nobody reads\n');
  await sink.flush();
  assert.match(
    reports.join(''),
    /^\[ERROR\] DREAM_SERVER LOG \| target=\S+ \| state=failing \| error=EPIPE\n$/,
  );

  reader = pipe.open();
  sink.write('after\n');
  await sink.flush();
  assert.equal(pipe.take(reader), 'while nobody reads\nafter\n');
  assert.match(reports[1] ?? '', /^\[INFO\] DREAM_SERVER LOG \| target=\S+ \| state=working \| lost=0\n$/);
  await sink.close();
  assert.equal(reports.length, 2);
  closeSync(reader);
});

test('past the bound lines are given up, the oldest are kept, and the log says how many were lost', async () => {
  const pipe = namedPipe('bounded');
  const reports: string[] = [];
  const reader = pipe.open();
  const sink = createLogSink({
    target: { path: pipe.path },
    heldBytes: 200_000,
    report: (line) => reports.push(line),
  });
  const lines = numbered(10_000);
  for (const line of lines) sink.write(`${line}\n`);
  assert.match(reports.join(''), /^\[ERROR\] .* \| state=failing \| error=STALLED\n$/);

  let text = '';
  const flushed = sink.flush();
  let done = false;
  void flushed.then(() => (done = true));
  while (!done) {
    text += pipe.take(reader);
    await setImmediate();
  }
  text += pipe.take(reader);
  const lost = Number(/\[WARN\] .* \| state=working \| lost=(\d+)\n$/.exec(reports[1] ?? '')?.[1]);
  const received = linesOf(text);
  assert.equal(received.length + lost, lines.length);
  assert.ok(lost > 0 && received.length > 1000);
  assert.deepEqual(received.slice(0, 1000), lines.slice(0, 1000));
  await sink.close();
  closeSync(reader);
});

test('a line that a pipe may tear goes alone and whole to a reader who keeps up', async () => {
  const pipe = namedPipe('long-line');
  const reader = pipe.open();
  const sink = createLogSink({ target: { path: pipe.path } });
  const lines = ['short\n', `${'z'.repeat(20_000)}\n`, 'short too\n'];
  for (const line of lines) sink.write(line);
  await sink.flush();
  assert.equal(pipe.take(reader), lines.join(''));
  await sink.close();
  closeSync(reader);
});

test('reopened, it goes on in the file that has the name now, and what came before is in the other', async () => {
  const path = join(folder, 'moved.log');
  const sink = createLogSink({ target: { path } });
  const lines = numbered(5000);
  for (const line of lines) sink.write(`${line}\n`);
  renameSync(path, `${path}.1`);
  sink.reopen();
  sink.write('after\n');
  await sink.flush();
  assert.deepEqual(linesOf(readFileSync(`${path}.1`, 'latin1')), lines);
  assert.deepEqual(linesOf(readFileSync(path, 'latin1')), ['after']);
  await sink.close();
});

test('reopened where no file can be opened, it tells and goes on in the old one', async () => {
  mkdirSync(join(folder, 'gone'));
  const path = join(folder, 'gone', 'a.log');
  const reports: string[] = [];
  const sink = createLogSink({ target: { path }, report: (line) => reports.push(line) });
  renameSync(join(folder, 'gone'), join(folder, 'elsewhere'));
  sink.reopen();
  sink.write('after\n');
  await sink.close();
  assert.equal(readFileSync(join(folder, 'elsewhere', 'a.log'), 'latin1'), 'after\n');
  assert.deepEqual(reports, [
    `[ERROR] DREAM_SERVER LOG | target=${path} | state=not-reopened | error=ENOENT\n`,
  ]);
});

test('reopened while the disk is full, it goes on in a file that takes lines', async () => {
  const path = join(folder, 'full.log');
  const reports: string[] = [];
  symlinkSync('/dev/full', path);
  const sink = createLogSink({ target: { path }, report: (line) => reports.push(line) });
  sink.write('before\n');
  await sink.flush();
  unlinkSync(path);
  sink.reopen();
  await sink.flush();
  assert.equal(readFileSync(path, 'latin1'), 'before\n');
  assert.match(reports.join(''), /state=failing \| error=ENOSPC\n.*state=working/);
  await sink.close();
});

test('reopened while a slow disk has a batch in hand, that leaves by the old descriptor, which is closed then', async () => {
  const path = join(folder, 'slow.log');
  const held: (() => void)[] = [];
  const { write, writeSync } = fs;
  mock.method(fs, 'write', (...args: Parameters<typeof write>) => held.push(() => write(...args)));
  // So slow that the thread pool makes the next writes (ADR 0003).
  mock.method(fs, 'writeSync', (...args: Parameters<typeof writeSync>) => {
    const until = performance.now() + 150;
    while (performance.now() < until);
    return writeSync(...args);
  });
  syncBuiltinESMExports();
  try {
    const sink = createLogSink({ target: { path } });
    sink.write('first\n');
    await sink.flush();
    sink.write('second\n');
    const second = sink.flush();
    assert.equal(held.length, 1);
    renameSync(path, `${path}.1`);
    sink.reopen();
    assert.equal(openedOf(`${path}.1`), 1);
    held[0]();
    await second;
    assert.equal(readFileSync(`${path}.1`, 'latin1'), 'first\nsecond\n');
    await until(() => openedOf(`${path}.1`) === 0, { what: 'the old file is closed', every: 2 });
    assert.equal(openedOf(path), 1);
    await sink.close();
  } finally {
    mock.restoreAll();
    syncBuiltinESMExports();
  }
});

test('a file that tells as late as when it is closed that it has lost something is told of', async () => {
  const path = join(folder, 'quota.log');
  const reports: string[] = [];
  const sink = createLogSink({ target: { path }, report: (line) => reports.push(line) });
  mock.method(fs, 'closeSync', () => {
    throw Object.assign(new Error('quota'), { code: 'EDQUOT' });
  });
  syncBuiltinESMExports();
  sink.reopen();
  mock.restoreAll();
  syncBuiltinESMExports();
  sink.write('on\n');
  await sink.close();
  assert.equal(readFileSync(path, 'latin1'), 'on\n');
  assert.deepEqual(reports, [`[ERROR] DREAM_SERVER LOG | target=${path} | state=closed | error=EDQUOT\n`]);
});

/** How many descriptors of this process are that file's. */
const openedOf = (path: string): number => openBelow(path).filter((each) => each === path).length;
