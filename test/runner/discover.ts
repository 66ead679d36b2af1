import { globSync, readFileSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';

export interface TestFile {
  /** Relative to the root, with `/`. */
  readonly path: string;
  /** An end-to-end file has real programs running: it wants the machine for itself and takes longer. */
  readonly isE2e: boolean;
}

/**
 * The test files below a root, those of units first. A pattern is a part of a path, or a glob where it has a `*`;
 * without any, all files are taken.
 */
export function discover(root: string, patterns: readonly string[]): TestFile[] {
  return globSync(['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'], { cwd: root })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => patterns.length === 0 || patterns.some((pattern) => matches(path, pattern)))
    .map((path) => ({ path, isE2e: /^test\/(e2e|guard)\//.test(path) }))
    .toSorted((a, b) => Number(a.isE2e) - Number(b.isE2e) || (a.path < b.path ? -1 : 1));
}

function matches(path: string, pattern: string): boolean {
  const wanted = pattern.replace(/^\.\//, '');
  return wanted.includes('*') ? matchesGlob(path, wanted) : path.includes(wanted);
}

/** An `only` makes node:test leave out every other test of its file without a word. */
export function holdsOnly(root: string, file: TestFile): boolean {
  const text = readFileSync(join(root, file.path), 'utf8');
  const declares = String.raw`^\s*(?:await\s+)?(?:test|it|describe|suite|t\.test)`;
  const focused = new RegExp(
    `${declares}\\.only\\(|${declares}\\(.*\\bonly:\\s*true|^\\s*only:\\s*true`,
    'm',
  );
  return focused.test(text);
}
