/** The log file is moved away and opened anew, as logrotate does it, while requests come. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { parseAccessLog } from '../support/access-log.ts';
import { startDreamServer } from '../support/dreamserver.ts';
import { Load } from '../support/load.ts';
import { type Site, temporarySite } from '../support/site.ts';
import { temporaryDirectory } from '../support/temp.ts';
import { until } from '../support/until.ts';

const CONNECTIONS = 10;
const EACH = 400;

let site: Site;
before(() => {
  site = temporarySite();
});
after(() => site[Symbol.dispose]());

suite('a log file that has been moved away', () => {
  for (const signal of ['SIGUSR1', 'SIGHUP'] as const) {
    for (const workers of [1, 2]) {
      test(`goes on in a new one after ${signal}, with ${workers} worker(s), and has every line`, async () => {
        using directory = temporaryDirectory();
        const path = directory.join('access.log');
        const routes = [{ files: { root: site.root } }];
        await using server = await startDreamServer({ workers, routes, accessLog: { path } });
        const target = '/hello.txt';
        const load = new Load({ port: server.port, target, connections: CONNECTIONS, each: EACH });
        await until(() => statSync(path).size > 0, { what: 'lines are there', every: 2 });
        renameSync(path, `${path}.1`);
        server.child.kill(signal);
        await load.done;
        assert.deepEqual(load.failures, []);
        await until(() => existsSync(path), { what: 'the new file is there', every: 2 });
        assert.deepEqual(await server.stop(), { code: 0, signal: null });
        const [old, young] = [`${path}.1`, path].map((file) => readFileSync(file, 'utf8').split('\n'));
        const entries = parseAccessLog([...old, ...young]);
        assert.equal(new Set(entries.map(({ id }) => id)).size, CONNECTIONS * EACH);
        assert.equal(entries.length, CONNECTIONS * EACH);
        assert.doesNotMatch(server.child.stderr.join('\n'), /debugger/i);
      });
    }
  }
});
