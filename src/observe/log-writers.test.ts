import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';

/*
 * The sink where it lives: in processes whose stdout is a file, a socket or a pipe, several threads to one target, and
 * at the end of a process that did not say good-bye.
 */

const folder = mkdtempSync(join(tmpdir(), 'log-writers-'));
after(() => rmSync(folder, { recursive: true }));
const SINK = JSON.stringify(new URL('log-sink.ts', import.meta.url).href);

/** A program with a `sink` on its stdout. */
const program = (body: string): string => `
  const { createLogSink } = await import(${SINK});
  const sink = createLogSink({ target: 'stdout' });
  ${body}`;
const nodeArguments = (code: string): string[] => ['--input-type=module', '--eval', code];

/** Node's own pipes are sockets; a shell's are pipes. */
function start(stdout: 'socket' | 'pipe', code: string): ChildProcess {
  if (stdout === 'socket') return spawn(process.execPath, nodeArguments(code));
  return spawn('sh', ['-c', '"$0" "$@" | cat', process.execPath, ...nodeArguments(code)]);
}

async function collect(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
  child.stderr?.pipe(process.stderr);
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
  return text;
}

const WRITE_5000 = `for (let i = 0; i < 5000; i++) sink.write('line ' + i + ' ' + 'x'.repeat(150) + '\\n');`;
const lines5000 = Array.from({ length: 5000 }, (_, i) => `line ${i} ${'x'.repeat(150)}\n`).join('');

for (const stdout of ['socket', 'pipe'] as const) {
  describe(`stdout is a ${stdout}`, () => {
    test('a line arrives by itself, with no flush', async () => {
      const child = start(stdout, program(`sink.write('hello\\n'); process.stdin.resume();`));
      const [chunk] = await once(child.stdout!, 'data');
      assert.equal(String(chunk), 'hello\n');
      child.stdin!.end();
      await once(child, 'close');
    });

    test('close completes everything', async () => {
      assert.equal(await collect(start(stdout, program(`${WRITE_5000} await sink.close();`))), lines5000);
    });

    test('a process that only ends completes everything', async () => {
      assert.equal(await collect(start(stdout, program(WRITE_5000))), lines5000);
    });

    test('flushSync at exit completes everything', async () => {
      const exit = `process.on('exit', () => sink.flushSync()); ${WRITE_5000} sink.flush(); process.exit(0);`;
      const child = start(stdout, program(exit));
      const lines = (await collect(child)).split('\n').sort();
      assert.deepEqual(lines, lines5000.split('\n').sort());
    });

    test('a reader that does not read keeps nobody waiting', async () => {
      // A timer fires in the writer while its stdout is full; only then do we begin to read.
      const code = program(`${WRITE_5000} const closed = sink.close();
        setTimeout(() => process.stderr.write('alive'), 50); await closed;`);
      const child = start(stdout, code);
      const [word] = await once(child.stderr!, 'data');
      assert.equal(String(word), 'alive');
      assert.equal(await collect(child), lines5000);
    });
  });
}

test('stdout is a file', async () => {
  const path = join(folder, 'stdout.log');
  const fd = openSync(path, 'w');
  const child = spawn(process.execPath, nodeArguments(program(`${WRITE_5000} await sink.close();`)), {
    stdio: ['ignore', fd, 'inherit'],
  });
  closeSync(fd);
  await once(child, 'close');
  assert.equal(readFileSync(path, 'latin1'), lines5000);
});

describe('the lines of several threads never mix', () => {
  /** Three threads, each with its own sink on the same target, and lines of all lengths. */
  const threads = (target: string): string => `
    const { Worker } = await import('node:worker_threads');
    const { once } = await import('node:events');
    const body = async (thread) => {
      const { createLogSink } = await import(${SINK});
      const sink = createLogSink({ target: ${target} });
      for (let round = 0; round < 20; round++) {
        for (let i = 0; i < 200; i++) {
          const length = (i * 37) % 1500;
          sink.write('thread ' + thread + ' ' + (round * 200 + i) + ' ' + length + ' ' + String(thread).repeat(length) + '\\n');
        }
        await new Promise(setImmediate);
      }
      await sink.close();
    };
    const workers = [1, 2, 3].map((thread) => new Worker('(' + body + ')(' + thread + ')', { eval: true }));
    await Promise.all(workers.map((worker) => once(worker, 'exit')));`;

  function assertWhole(text: string): void {
    const next = new Map([1, 2, 3].map((thread) => [String(thread), 0]));
    for (const line of text.split('\n').slice(0, -1)) {
      const [, thread = '', number, length, fill] =
        /^thread (\d) (\d+) (\d+) (\d*)$/.exec(line) ?? assert.fail(line);
      assert.equal(Number(number), next.get(thread), 'in order');
      assert.equal(fill, thread.repeat(Number(length)));
      next.set(thread, Number(number) + 1);
    }
    assert.deepEqual([...next.values()], [4000, 4000, 4000]);
  }

  test('in a file', async () => {
    const path = join(folder, 'threads.log');
    await collect(start('socket', threads(`{ path: ${JSON.stringify(path)} }`)));
    assertWhole(readFileSync(path, 'latin1'));
  });

  test('in a pipe', async () => {
    assertWhole(await collect(start('pipe', threads(`'stdout'`))));
  });

  test('in a socket', async () => {
    assertWhole(await collect(start('socket', threads(`'stdout'`))));
  });
});
