import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryDirectory } from '../../test/support/temp.ts';
import { ConfigError, StartError } from './config-error.ts';
import { loadConfig } from './read.ts';
import { YamlSource } from './yaml-source.ts';

/** Routes that share what is written once, each by an alias. */
const sharing = (routes: number, shared: string): string =>
  [
    `shared: &h ${shared}`,
    ...Array.from({ length: routes }, (_, i) => `r${i}: { name: ${i}, headers: *h }`),
  ].join('\n');

const repeated = (times: number, text: string): string => `[${Array<string>(times).fill(text).join(', ')}]`;

test('ten thousand aliases may repeat one anchor', () => {
  const source = new YamlSource(sharing(10_000, '{ response: { set: { X-A: a } } }'));
  assert.deepEqual(source.syntaxMistakes, []);
  const value = source.toValue() as Record<string, unknown>;
  assert.deepEqual(value.r9999, { name: 9999, headers: { response: { set: { 'X-A': 'a' } } } });
});

test('an anchor that is used often may stand in another one that is used often', () => {
  const source = new YamlSource(
    [
      'common: &common { X-A: a }',
      'headers: &headers { response: { set: *common } }',
      `a: ${repeated(1000, '*common')}`,
      `b: ${repeated(1000, '*headers')}`,
    ].join('\n'),
  );
  assert.deepEqual(source.syntaxMistakes, []);
});

test('a configuration of a thousand routes with the same headers is read', async () => {
  using directory = temporaryDirectory();
  const routes = Array.from(
    { length: 1000 },
    (_, i) => `  - { match: { path: /${i} }, respond: ok, headers: ${i === 0 ? '&h {}' : '*h'} }`,
  );
  const config = await loadConfig(directory.write('many.yaml', `routes:\n${routes.join('\n')}\n`));
  assert.equal(config.routes.length, 1000);
});

// "Billion laughs": a few lines that would fill the memory.
test('aliases of aliases that stand for millions of values are refused at the first that is too much', () => {
  const lines = ['a0: &a0 x'];
  for (let i = 1; i < 9; i++) lines.push(`a${i}: &a${i} ${repeated(10, `*a${i - 1}`)}`);
  const { syntaxMistakes } = new YamlSource(lines.join('\n'));
  assert.deepEqual(
    syntaxMistakes.map(({ span, message }) => [span.line, message]),
    [[7, 'with this `*a5`, the aliases here repeat more than 1,000,000 values']],
  );
});

test('too many are one mistake, with its file and its place', async () => {
  using directory = temporaryDirectory();
  const text = `routes: ${repeated(1001, '*a')}`;
  const file = directory.write('many.yaml', `x: &a ${repeated(1000, '1')}\n${text}\n`);
  await assert.rejects(loadConfig(file), (error) => {
    assert.ok(error instanceof ConfigError, String(error));
    assert.match(error.message, /^\S+many\.yaml:2:\d+: with this `\*a`, the aliases here repeat more than/);
    assert.equal(error.mistakes.length, 1);
    return true;
  });
});

test('what cannot be merged is told in one line', async () => {
  using directory = temporaryDirectory();
  const file = directory.write('merge.yaml', 'routes: [{ <<: 5, respond: ok }]');
  await assert.rejects(loadConfig(file), (error) => {
    assert.ok(error instanceof StartError, String(error));
    assert.match(error.message, /^\S+merge\.yaml: merge sources must be maps[^\n]*$/i);
    return true;
  });
});
