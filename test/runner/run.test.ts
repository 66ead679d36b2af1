import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';

/*
 * The threat: a way for the suite to be green though something is wrong. Each case is a folder of test files given
 * to the real command; what counts is its last line and its exit code.
 */
const runner = join(import.meta.dirname, '..', 'run.ts');
const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const skip =
  process.platform === 'linux' ? false : 'whether a process has ended is looked up in /proc, which Linux has';
const passing = "test('passes', () => {});";

describe('the test command', () => {
  test('counts what passes', () => {
    const { lastLine, code } = run({ 'src/a.test.ts': passing, 'test/b.test.ts': passing });
    assert.deepEqual({ lastLine, code }, { lastLine: '2 passed, 0 failed, 0 skipped', code: 0 });
  });

  test('prints the reason of a skip', () => {
    const { lastLine, code, output } = run({
      'src/a.test.ts': `${passing} test('b', { skip: 'needs a moon' }, () => {});`,
    });
    assert.deepEqual({ lastLine, code }, { lastLine: '1 passed, 0 failed, 1 skipped', code: 0 });
    assert.match(output, /src\/a\.test\.ts › b: needs a moon/);
  });

  fails('a failing assertion', "test('b', () => { throw new Error('boom'); });", /boom/);
  fails(
    'a failing hook',
    "import { before } from 'node:test'; before(() => { throw new Error('hook'); });",
    /hook/,
  );
  fails('a throw at the top of the file', "throw new Error('top');", /top/);
  fails('an error in the syntax', 'const a = ;', /SyntaxError/);
  fails('an import that is not there', "import './nowhere.ts';", /nowhere/);
  fails(
    'an exception after the test',
    "test('b', () => { setTimeout(() => { throw new Error('late'); }); });",
    /late/,
  );
  fails(
    'a rejection that nobody handles',
    "test('b', () => { void Promise.reject(new Error('lost')); });",
    /lost/,
  );
  fails(
    'a process that exits early with 0',
    "test('b', () => { process.exit(0); });",
    /code 0 before its tests/,
  );
  fails('an exit code set by the file', 'process.exitCode = 3;', /exit code 3/);
  fails('a process that is killed', "test('b', () => { process.kill(process.pid, 'SIGKILL'); });", /SIGKILL/);
  fails(
    'a test that never ends',
    "test('b', () => new Promise(() => { setInterval(() => {}, 1000); }));",
    /running b/,
  );
  fails('a loop that never ends', "test('b', () => { for (;;); });", /did not end within/);
  fails('a todo', "test.todo('b');", /marked todo/);
  fails('a skip without a reason', "test.skip('b', () => {});", /without a reason/);
  fails('an only', "test.only('b', () => {});", /holds an only/);
  fails('an only among the options', "test('b', { only: true }, () => {});", /holds an only/);

  test('fails when a file holds no test', () => {
    const { lastLine, code } = run({ 'src/a.test.ts': passing, 'src/b.test.ts': '' });
    assert.deepEqual({ lastLine, code }, { lastLine: '1 passed, 1 failed, 0 skipped', code: 1 });
  });

  test('fails when there is no test file, and when none matches', () => {
    assert.deepEqual(run({}).lastLine, '0 passed, 1 failed, 0 skipped');
    assert.equal(run({ 'src/a.test.ts': passing }, 'elsewhere').code, 1);
  });

  test('fails when every test was skipped', () => {
    const { lastLine, code } = run({ 'src/a.test.ts': "test('b', { skip: 'needs a moon' }, () => {});" });
    assert.deepEqual({ lastLine, code }, { lastLine: '0 passed, 1 failed, 1 skipped', code: 1 });
  });

  test('ends what a file left running', () => {
    const { output, code } = run({
      'src/a.test.ts': `
        import { spawn } from 'node:child_process';
        test('a', () => { spawn('sleep', ['60'], { stdio: 'ignore' }).unref(); });`,
    });
    assert.match(output, /left processes running/);
    assert.equal(code, 0);
  });

  // An orphan is asked after by init, which may take its time; until then it is in its group. Here it is no orphan, but the
  // child of a program that asks after nobody, and that is of another group.
  test('does not call a process running that has ended, though nobody has asked after it', { skip }, () => {
    const { output, code } = run({
      'src/a.test.ts': `
        import { spawn } from 'node:child_process';
        test('a', () => { spawn('sh', ['-c', 'true & exec setsid sleep 4'], { stdio: 'ignore' }).unref(); });`,
    });
    assert.doesNotMatch(output, /left processes running/);
    assert.equal(code, 0);
  });

  test('runs only what matches a part of a path or a glob', () => {
    const files = {
      'src/http/a.test.ts': passing,
      'src/net/a.test.ts': passing,
      'test/e2e/a.test.ts': passing,
    };
    assert.equal(run(files, 'src/http').lastLine, '1 passed, 0 failed, 0 skipped');
    assert.equal(run(files, 'src/*/a.test.ts').lastLine, '2 passed, 0 failed, 0 skipped');
    assert.equal(run(files, '--unit').lastLine, '2 passed, 0 failed, 0 skipped');
    assert.equal(run(files, '--e2e').lastLine, '1 passed, 0 failed, 0 skipped');
  });
});

/** A file with one good test and this must be red, say why, and leave the good one counted where it ran. */
function fails(what: string, source: string, reason: RegExp): void {
  test(`fails on ${what}`, () => {
    const { output, lastLine, code } = run({ 'src/a.test.ts': `${passing}\n${source}` }, '--limit=2');
    assert.equal(code, 1);
    assert.match(lastLine, /^\d+ passed, [1-9]\d* failed, 0 skipped$/);
    assert.match(output, reason);
  });
}

function run(
  files: Record<string, string>,
  ...args: string[]
): { output: string; lastLine: string; code: number | null } {
  const root = mkdtempSync(join(tmpdir(), 'dreamserver-run-'));
  folders.push(root);
  for (const [path, source] of Object.entries({ 'package.json': '{"type":"module"}', ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    const header = path.endsWith('.ts') && source !== '' ? "import { test } from 'node:test';\n" : '';
    writeFileSync(join(root, path), header + source);
  }
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [runner, `--root=${root}`, '--strict', '--no-install', ...args],
    { encoding: 'utf8', timeout: 30_000 },
  );
  assert.equal(stderr, '');
  const lines = stdout.trimEnd().split('\n');
  return { output: stdout, lastLine: lines.at(-1) ?? '', code: status };
}
