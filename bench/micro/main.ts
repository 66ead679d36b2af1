/**
 * What do the pieces cost that every request needs? CPU time of a request's head as a browser and as wrk send it, of a
 * response's head, of chunks, tiny and large, of a response's head written, of a route among 10,000, and of a line of the
 * access log; and of a counter, plain and atomic.
 *
 *   npm run bench:micro -- [--rounds N] [--warm-up N]
 */
import { parseArgs } from 'node:util';

import { counterPieces } from './pieces/counters.ts';
import { httpPieces } from './pieces/http1.ts';
import { logPieces } from './pieces/log.ts';
import { measure } from './pieces/piece.ts';
import { routePieces } from './pieces/routes.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '60' }, 'warm-up': { type: 'string', default: '5' } },
});
const pieces = [...httpPieces, ...routePieces, ...logPieces, ...counterPieces];
for (const line of measure(pieces, Number(values.rounds), Number(values['warm-up']))) console.log(line);
