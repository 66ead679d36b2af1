import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cycles, importsOf, type SourceFile } from './source-files.ts';

describe('imports of a file', () => {
  const forms: [text: string, specifier: string, typeOnly: boolean][] = [
    ["import { a } from './b.ts';", './b.ts', false],
    ["import type { A } from './b.ts';", './b.ts', true],
    ["import { type A } from './b.ts';", './b.ts', false],
    ["import {\n  a,\n  type B,\n} from './b.ts';", './b.ts', false],
    ["import a, { b } from './b.ts';", './b.ts', false],
    ["import * as a from './b.ts';", './b.ts', false],
    ["import './b.ts';", './b.ts', false],
    ["export { a } from './b.ts';", './b.ts', false],
    ["export * from './b.ts';", './b.ts', false],
    ["export type { A } from './b.ts';", './b.ts', true],
    ["const a = await import('./b.ts');", './b.ts', false],
    ["type A = B<import('./b.ts').C>;", './b.ts', true],
    ["import { connect } from 'node:net';", 'node:net', false],
  ];
  for (const [text, specifier, typeOnly] of forms) {
    test(text.replaceAll('\n', ' '), () => {
      const [found, ...rest] = importsOf('src/room/a.ts', text);
      assert.deepEqual(rest, []);
      assert.equal(found?.specifier, specifier);
      assert.equal(found.typeOnly, typeOnly);
      assert.equal(found.file, specifier.startsWith('.') ? 'src/room/b.ts' : undefined);
    });
  }

  test('what only looks like one is none', () => {
    const text =
      "// import './b.ts';\n/* import './c.ts'; */\nexport const from = 'x';\nconst a = ' from ';\n";
    assert.deepEqual(importsOf('src/a.ts', text), []);
  });

  test('a path is resolved from the folder of the file', () => {
    assert.equal(importsOf('src/http/a.ts', "import '../core/b.ts';")[0]?.file, 'src/core/b.ts');
  });
});

test('cycles are found whatever their length, and a diamond is none', () => {
  const file = (path: string, ...targets: string[]): SourceFile => ({
    path,
    text: '',
    lines: 0,
    isTest: false,
    imports: targets.map((target) => ({ specifier: target, file: target, typeOnly: false })),
  });
  assert.deepEqual(cycles([file('a', 'b', 'c'), file('b', 'd'), file('c', 'd'), file('d')]), []);
  assert.deepEqual(cycles([file('a', 'b'), file('b', 'c'), file('c', 'b')]), [['b', 'c', 'b']]);
  assert.deepEqual(cycles([file('a', 'a')]), [['a', 'a']]);
});
