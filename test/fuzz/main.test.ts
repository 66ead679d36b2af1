import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Child } from '../support/child.ts';
import { corpusFolder } from './corpus.ts';
import { InputBoard } from './input-board.ts';

const main = join(import.meta.dirname, 'main.ts');

describe('the fuzz command', () => {
  test('says what it has done', async () => {
    const fuzz = new Child('fuzz', process.execPath, [main, '--executions', '300', '--seed', '5']);
    assert.equal((await fuzz.exited).code, 0, fuzz.output);
    assert.match(fuzz.stdout[0], /^seed 5, corpus of \d+$/);
    assert.match(
      fuzz.stdout.at(-1) ?? '',
      /^300 executions in \d.*, \d+ a second, \d+ signatures, 0 findings/,
    );
  });

  test('examines one file again', async () => {
    const file = join(corpusFolder, 'request-te-and-cl.http');
    const fuzz = new Child('fuzz', process.execPath, [main, '--replay', file]);
    assert.equal((await fuzz.exited).code, 0, fuzz.output);
    assert.match(fuzz.stdout.at(-1) ?? '', /^nothing found: requests: 400 http1\.framing\.length-and-coding/);
  });

  test('does not start with an option that it does not understand', async () => {
    const fuzz = new Child('fuzz', process.execPath, [main, '--seconds', 'ten']);
    assert.equal((await fuzz.exited).code, 1);
    assert.match(fuzz.output, /--seconds: expected a whole number, got ten/);
  });
});

test('what one thread examines can be read by another', () => {
  const board = new InputBoard();
  const other = new InputBoard(board.buffer);
  for (const input of [
    { kind: 'response', bytes: Buffer.from('HTTP/1.1 200 OK') },
    { kind: 'request', bytes: Buffer.from('GET') },
  ] as const) {
    const { count } = other;
    board.write(input);
    assert.equal(other.count, count + 1);
    assert.deepEqual(other.read(), input);
  }
});
