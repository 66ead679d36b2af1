/** The bench and its smaller sisters, each as short as it can be: that they run, not what they find. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Child } from '../support/child.ts';
import { requires } from '../support/packages.ts';
import { repositoryRoot } from '../support/source-files.ts';
import { temporaryDirectory } from '../support/temp.ts';

const skip = availableParallelism() < 2 ? 'needs two cores' : requires('nginx', 'haproxy', 'wrk', 'openssl');

async function run(program: string, ...args: string[]): Promise<string> {
  const child = new Child(program, process.execPath, [join(repositoryRoot, 'bench', program), ...args]);
  const { code } = await child.exited;
  assert.equal(code, 0, [...child.stdout, ...child.stderr].slice(-20).join('\n'));
  const said = child.stdout.join('\n');
  assert.doesNotMatch(said, /NaN|undefined/);
  return said;
}

test('the bench measures every server in a cell, none of which is disqualified', { skip }, async () => {
  using folder = temporaryDirectory();
  const json = join(folder.path, 'results.json');
  const cells = '^(file-index|proxy-chunked|proxy-features)$';
  await run('run.ts', '--cells', cells, '--slices', '1', '--warmup', '1', '--idle', '0', '--json', json);
  const { summaries, faults } = JSON.parse(readFileSync(json, 'utf8')) as {
    summaries: { rows: { peer: string }[] }[];
    faults: unknown[];
  };
  assert.deepEqual(faults, []);
  assert.deepEqual(
    summaries.map(({ rows }) => rows.map(({ peer }) => peer)),
    [
      ['dreamserver', 'nginx'],
      ['dreamserver', 'nginx', 'haproxy'],
      ['dreamserver', 'nginx', 'haproxy'],
    ],
  );
});

test('a profile of a cell becomes a flame graph that names what is in src/', { skip }, async () => {
  using folder = temporaryDirectory();
  await run('profile.ts', '--cells', '^file-1k$', '--seconds', '1', '--to', folder.path);
  assert.match(readFileSync(join(folder.path, 'file-1k.html'), 'utf8'), /"place":"src\/|"place":"dist\//);
});

test('latency at a constant rate has a figure for each server', { skip }, async () => {
  const said = await run(
    'latency.ts',
    '--cells',
    'file-1k',
    '--slices',
    '1',
    '--seconds',
    '1',
    '--load',
    '20',
  );
  assert.match(said, /DreamServer.*\d[\s\S]*nginx.*\d/);
});

test('messages of a WebSocket have a figure for each server', { skip }, async () => {
  const said = await run('websocket.ts', '--slices', '1', '--connections', '8');
  assert.match(said, /DreamServer.*\d[\s\S]*nginx.*\d[\s\S]*HAProxy.*\d/);
});

const micro: Readonly<Record<string, readonly string[]>> = {
  'accepted-read.ts': ['--rounds', '1', '--seconds', '1'],
  'body-source.ts': ['--rounds', '1', '--seconds', '0.1'],
  'upstream-tls.ts': ['--rounds', '1', '--seconds', '1'],
  'sse.ts': ['--rounds', '1', '--seconds', '1', '--streams', '20'],
};

for (const [name, args] of Object.entries(micro)) {
  test(`micro/${name} runs and prints figures`, { skip }, async () => {
    assert.match(await run(`micro/${name}`, ...args), /\d/);
  });
}
