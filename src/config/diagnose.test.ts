// Golden files: a configuration in fixtures/mistakes, and beside it what is said about it. UPDATE_GOLDEN=1 writes them.
import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, test } from 'node:test';
import { ConfigError } from './config-error.ts';
import { diagnoseSyntax } from './diagnose.ts';
import { parseConfig, parseFrom } from './parse.ts';
import type { Config } from './schema.ts';
import { YamlSource } from './yaml-source.ts';

const directory = `${import.meta.dirname}/fixtures/mistakes`;

function diagnosis(file: string): ConfigError {
  const source = new YamlSource(readFileSync(file, 'utf8'));
  const name = basename(file);
  if (source.syntaxMistakes.length > 0) return diagnoseSyntax(source, name);
  try {
    parseFrom(source.toValue(), { directory, name, source });
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  return assert.fail(`${name} was taken for good`);
}

describe('every mistake is told with its place and the lines around it', () => {
  for (const file of globSync(`${directory}/*.{yaml,json}`).toSorted()) {
    test(basename(file), () => {
      const golden = file.replace(/\.\w+$/, '.txt');
      const { message, mistakes } = diagnosis(file);
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, `${message}\n`);
      assert.equal(`${message}\n`, readFileSync(golden, 'utf8'));
      for (const { line, column } of mistakes)
        assert.ok(message.includes(`${basename(file)}:${line}:${column}: `));
    });
  }
});

test('a configuration that is no text is pointed into by its keys', () => {
  const config = { routes: [{ files: { rot: '.' } }], 'odd key': 1 } as unknown as Config;
  assert.throws(
    () => parseConfig(config),
    (error) => {
      assert.ok(error instanceof ConfigError);
      assert.deepEqual(error.message.split('\n'), [
        'routes[0].files: `root` is missing',
        'routes[0].files.rot: unknown key `rot`; did you mean `root`?',
        '["odd key"]: unknown key `odd key`; known here: `listeners`, `upstreams`, `defaults`, `routes`, `accessLog`, ' +
          '`fileCache`, `limits`, `lenient`, `timeouts`, `trustedProxies`, `serverHeader`, `workers`',
      ]);
      return true;
    },
  );
});
