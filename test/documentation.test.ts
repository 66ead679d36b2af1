import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { repositoryRoot } from './support/source-files.ts';

/** What is written for people, held against what is there. */
const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: repositoryRoot }).map((path) => ({
  path,
  text: readFileSync(join(repositoryRoot, path), 'utf8'),
}));
const MAIN = join(repositoryRoot, 'src', 'cli', 'main.ts');
const folder = mkdtempSync(join(tmpdir(), 'dreamserver-docs-'));
mkdirSync(join(folder, 'public'));
after(() => rmSync(folder, { recursive: true }));

describe('the documentation', () => {
  for (const { path, text } of pages) {
    test(`${path} links to files that are there`, () => {
      const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, target = '']) => target);
      assert.deepEqual(
        links.filter((target) => !existsSync(join(repositoryRoot, dirname(path), target))),
        [],
      );
    });

    test(`${path} names commands that package.json has`, () => {
      const scripts = Object.keys(readJson('package.json').scripts);
      const named = [...text.matchAll(/\bnpm (?:run (?:--silent )?([\w:]+)|(start|test)\b)/g)];
      assert.deepEqual(
        named.map(([, run, word]) => run ?? word ?? '').filter((name) => !scripts.includes(name)),
        [],
      );
    });
  }

  test('bytes are explained as docs/reading-bytes.md shows', () => {
    const text = pages.find(({ path }) => path === 'docs/reading-bytes.md')?.text ?? '';
    const examples = [...text.matchAll(/^```sh\n([^`]*explain[^`]*)^```\n\n```text\n([^`]*)^```$/gm)];
    assert.equal(examples.length, 3);
    for (const [, command = '', output] of examples) {
      const shell = `dreamserver() { "$NODE" "$MAIN" "$@" || test $? = 1; }\n${command}`;
      const env = { ...process.env, NODE: process.execPath, MAIN };
      assert.equal(execFileSync('sh', ['-c', shell], { env, encoding: 'utf8' }), output);
    }
  });

  test('the configuration in the README is a good one', () => {
    const readme = pages.find(({ path }) => path === 'README.md');
    const file = join(folder, 'readme.yaml');
    writeFileSync(file, /^```yaml\n([^]*?)^```$/m.exec(readme?.text ?? '')?.[1] ?? '');
    assert.match(check(file), /is fine/);
  });

  test('the configuration of the repository is a good one', () => {
    assert.match(
      check(join(repositoryRoot, 'dreamserver.yaml')),
      /is fine: 1 listener, 2 routes, 1 upstream/,
    );
  });
});

function check(file: string): string {
  return execFileSync(process.execPath, [MAIN, 'check', file], { cwd: folder, encoding: 'utf8' });
}

function readJson(path: string): { scripts: Record<string, string> } {
  return JSON.parse(readFileSync(join(repositoryRoot, path), 'utf8')) as { scripts: Record<string, string> };
}
