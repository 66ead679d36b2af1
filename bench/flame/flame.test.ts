import assert from 'node:assert/strict';
import { test } from 'node:test';

import { frames } from './cpu-profile.ts';
import type { CpuProfile } from './cpu-profile.ts';
import { flamePage } from './flame-page.ts';
import { sharesOf } from './shares.ts';

const call = (functionName: string, url = '', lineNumber = -1) => ({ functionName, url, lineNumber });
const profile: CpuProfile = {
  startTime: 1000,
  nodes: [
    { id: 1, callFrame: call('(root)'), children: [2, 3, 5] },
    { id: 2, callFrame: call('(idle)') },
    { id: 3, callFrame: call('serve', 'file:///srv/app/src/server/serve.ts', 9), children: [4] },
    { id: 4, callFrame: call('<parse>', 'file:///srv/app/src/http1/parse.ts', 0) },
    { id: 5, callFrame: call('(garbage collector)') },
  ],
  // At 1010, 1020, 1030, 1050, 1060, 1070; each stands for the time until the next.
  samples: [3, 4, 4, 2, 5, 3],
  timeDeltas: [10, 10, 10, 20, 10, 10],
};

test('samples become a tree of frames, each with the time of what it called, the longest first', () => {
  const root = frames(profile, 0, Infinity);
  assert.equal(root.micros, 10 + 10 + 20 + 10);
  assert.deepEqual(
    root.calls.map(({ name, place, micros }) => ({ name, place, micros })),
    [
      { name: 'serve', place: 'src/server/serve.ts:10', micros: 40 },
      { name: '(garbage collector)', place: '', micros: 10 },
    ],
  );
  assert.deepEqual(root.calls[0].calls, [
    { name: '<parse>', place: 'src/http1/parse.ts:1', micros: 30, calls: [] },
  ]);
});

test('samples outside of the time that is asked for do not count', () => {
  assert.equal(frames(profile, 1015, 1045).micros, 30);
});

test('what the time went into is told in one line', () => {
  assert.equal(sharesOf(frames(profile, 0, Infinity)), 'our JavaScript 80 %, the collector 20 %');
});

test('the page holds the frames as data that cannot end its script', () => {
  const page = flamePage('a cell', frames(profile, 0, Infinity));
  assert.ok(page.includes('\\u003cparse>'));
  assert.ok(!page.includes('<parse>'));
});
