import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { check } from './mistakes.ts';
import type { ConfigPath } from './config-path.ts';
import { unknownUpstreams } from './references.ts';
import { availableKeys } from './schema-keys.ts';
import { configSchema } from './schema.ts';
import { YamlSource } from './yaml-source.ts';

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const guide = read('docs/configuration.md');

const examples = Array.from(guide.matchAll(/^```yaml\n(.*?)^```$/gms), ([, text]) => text)
  // A list is a part of `routes`.
  .map((text) => (text.startsWith('- ') ? `routes:\n${text}` : text));

for (const [i, text] of [...examples, read('dreamserver.yaml')].entries()) {
  test(i < examples.length ? `example ${i + 1} of the guide is good` : 'dreamserver.yaml is good', () => {
    const source = new YamlSource(text);
    assert.deepEqual(source.syntaxMistakes, []);
    assert.deepEqual(check(configSchema, source.toValue()).mistakes, undefined);
    assert.deepEqual(unknownUpstreams(source.toValue()), []);
  });
}

test('every key is in the guide', () => {
  const names = new Set(Array.from(guide.matchAll(/`([\w.]+)`/g), ([, name]) => name.split('.')).flat());
  assert.deepEqual(
    allKeys([]).filter((key) => !names.has(key)),
    [],
  );
});

/** Every key that may stand anywhere in a configuration; lists and records are entered at one of their places. */
function allKeys(path: ConfigPath): string[] {
  return [...availableKeys(configSchema, path), ...placesIn(path)].flatMap((key) => {
    const below = allKeys([...path, key]);
    return typeof key === 'number' || key === ANY_NAME ? below : [key, ...below];
  });
}

const ANY_NAME = 'any';

function placesIn(path: ConfigPath): (string | number)[] {
  const last = path.at(-1);
  if (path.length === 1 && last === 'upstreams') return [ANY_NAME];
  return last === 'listeners' || last === 'routes' || last === 'servers' || last === 'split' ? [0] : [];
}
