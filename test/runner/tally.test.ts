import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tally, type FileEvent, type ResultEvent } from './tally.ts';

const result = (name: string, nesting: number, rest: Partial<ResultEvent> = {}): ResultEvent => ({
  type: 'result',
  name,
  nesting,
  line: 1,
  passed: true,
  isSuite: false,
  ...rest,
});
const failed = { passed: false, error: 'boom' };

test('only leaves are counted', () => {
  const counted = tally([result('a', 1), result('b', 1), result('suite', 0, { isSuite: true })], true);
  assert.equal(counted.passed, 2);
  assert.deepEqual(counted.failures, []);
});

test('a failure carries the names of all that surrounds it', () => {
  const events = [
    result('inner', 2, failed),
    result('middle', 1, { isSuite: true, passed: false }),
    result('outer', 0, { isSuite: true, passed: false }),
  ];
  assert.deepEqual(tally(events, true).failures, [
    { name: 'outer › middle › inner', line: 1, detail: 'boom' },
  ]);
});

test('a parent that fails by itself counts beside its passed children', () => {
  const counted = tally([result('child', 1), result('parent', 0, failed)], true);
  assert.equal(counted.passed, 1);
  assert.deepEqual(
    counted.failures.map(({ name }) => name),
    ['parent'],
  );
});

test('a suite that is empty counts for nothing, one that throws for a failure', () => {
  assert.equal(tally([result('empty', 0, { isSuite: true })], true).passed, 0);
  assert.equal(tally([result('broken', 0, { isSuite: true, ...failed })], true).failures.length, 1);
});

test('a skip keeps its reason', () => {
  const counted = tally([result('a', 0, { skip: 'needs nginx' })], true);
  assert.equal(counted.passed, 0);
  assert.deepEqual(counted.skips, [{ name: 'a', line: 1, detail: 'needs nginx' }]);
});

test('where strict, a skip without a reason and a todo are failures', () => {
  const events = [result('a', 0, { skip: true }), result('b', 0, { todo: true, ...failed })];
  assert.equal(tally(events, true).failures.length, 2);
  assert.equal(tally(events, false).failures.length, 0);
  assert.equal(tally(events, false).skips.length, 2);
});

test('what never finished is named, and a missing end is seen', () => {
  const events: FileEvent[] = [
    { type: 'started', name: 'a', nesting: 0 },
    { type: 'finished', name: 'a', nesting: 0 },
    result('a', 0),
    { type: 'started', name: 'b', nesting: 0 },
  ];
  assert.deepEqual(tally(events, true).unfinished, ['b']);
  assert.equal(tally(events, true).ended, false);
  assert.equal(tally([...events, { type: 'ended' }], true).ended, true);
});

test('results of children whose parent never reported are still counted', () => {
  const counted = tally([result('orphan', 2), result('root', 0)], true);
  assert.equal(counted.passed, 2);
});
