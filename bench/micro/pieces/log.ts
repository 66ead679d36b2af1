import { createAccessLog } from '../../../src/observe/access-log.ts';
import { records } from './log-records.ts';
import type { Piece } from './piece.ts';

/** Takes batches and keeps nothing: what a line costs up to there. */
const sink = {
  write() {},
  flush: () => Promise.resolve(),
  flushSync() {},
  reopen() {},
  close: () => Promise.resolve(),
};

const TIMES = 20_000;

export const logPieces: readonly Piece[] = (['dream', 'json', 'combined'] as const).map((format) => {
  const log = createAccessLog({ format, sink });
  return {
    title: `a line of the log, ${format}`,
    times: TIMES,
    figure: (micros) => micros * 1000,
    unit: 'ns',
    run() {
      for (let i = 0; i < TIMES; i++) log.request(records[i & 1023]);
    },
  };
});
