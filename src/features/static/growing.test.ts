/** A log is written to all the time. It is served as it was when it was opened, also where no two looks at it agree. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, suite, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { ask, fileMemory, openBelow, staticOptions } from '../../../test/support/static-handler.ts';
import { temporaryDirectory } from '../../../test/support/temp.ts';
import { createStaticHandler } from './handler.ts';

const directory = temporaryDirectory();
after(() => directory.remove());

const LINE = 'a line of the log\n';

/** Appends as fast as it can; tells when it has begun. */
const APPENDING = `
  const { appendFileSync, openSync } = require('node:fs');
  const { parentPort, workerData: { path, line } } = require('node:worker_threads');
  const fd = openSync(path, 'a');
  appendFileSync(fd, line);
  parentPort.postMessage('begun');
  for (;;) appendFileSync(fd, line);
`;

suite('a file that is appended to all the time', () => {
  for (const [what, lines] of [
    ['small', 1000],
    ['large', 80_000],
  ] as const) {
    test(`is served, when it is ${what}`, async () => {
      const handler = createStaticHandler(staticOptions(directory.path), { files: fileMemory() });
      for (let round = 0; round < 20; round++) {
        const path = directory.write('app.log', LINE.repeat(lines));
        const writer = new Worker(APPENDING, { eval: true, workerData: { path, line: LINE } });
        await once(writer, 'message');
        const answers = await Promise.all([ask(handler, '/app.log'), ask(handler, '/app.log?again')]);
        await writer.terminate();
        for (const { status, response, body } of answers) {
          assert.equal(status, 200);
          assert.equal(body.length, response.body?.length);
          assert.ok(body.length > lines * LINE.length);
          assert.ok(LINE.repeat(Math.ceil(body.length / LINE.length)).startsWith(body.toString()));
        }
      }
      assert.deepEqual(openBelow(directory.path), []);
    });
  }
});
