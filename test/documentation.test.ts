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
  const command = join(repositoryRoot, 'src', 'cli', 'main.ts');
  return execFileSync(process.execPath, [command, 'check', file], { cwd: folder, encoding: 'utf8' });
}

function readJson(path: string): { scripts: Record<string, string> } {
  return JSON.parse(readFileSync(join(repositoryRoot, path), 'utf8')) as { scripts: Record<string, string> };
}
