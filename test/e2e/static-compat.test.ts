/**
 * Files as the RFCs have it, case by case, and beside two other servers: what DreamServer answers stands in
 * `test/compat/cases`, and where nginx or Caddy answers something else, `docs/compat-static.md` has to say so, and why.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, suite, test } from 'node:test';
import { ExpectedDifferences, PEERS, readDifferences } from '../compat/differences.ts';
import { fixtureTree } from '../compat/fixture-tree.ts';
import { type RunningServers, startServers } from '../compat/servers.ts';
import { askFor, difference } from '../compat/static-answer.ts';
import { readStaticCases, type StaticCase } from '../compat/static-case.ts';
import { head } from '../support/message.ts';
import { requires } from '../support/packages.ts';
import { field, fieldValues, type RawResponse } from '../support/parse-response.ts';
import { exchange } from '../support/raw-connection.ts';
import { repositoryRoot } from '../support/source-files.ts';
import { until } from '../support/until.ts';

const cases = readStaticCases(join(repositoryRoot, 'test', 'compat', 'cases'));
const sections = readDifferences(readFileSync(join(repositoryRoot, 'docs', 'compat-static.md'), 'utf8'));
const listed = sections.flatMap(({ differences }) => differences);

test('there are at least 200 cases', () => assert.ok(cases.length >= 200, `${cases.length} cases`));

describe('docs/compat-static.md', () => {
  test('says of every kind of difference who is right, with the section of the RFC', () => {
    const unjudged = sections.filter(
      ({ verdict = '' }) =>
        !/^(?:All three|DreamServer|nginx|Caddy).*\((?:RFC \d{4} §|no RFC )/.test(verdict),
    );
    assert.deepEqual(
      unjudged.map(({ title }) => title),
      [],
    );
  });

  test('lists each case once, and none that is not there', () => {
    const names = listed.map(({ of }) => of);
    assert.deepEqual(
      names.filter((name, at) => names.indexOf(name) !== at),
      [],
    );
    const known = new Set(cases.map(({ title }) => title));
    assert.deepEqual(
      names.filter((name) => !known.has(name) && !/^every \d{3}$/.test(name)),
      [],
    );
  });
});

suite('static files', { skip: requires('nginx', 'caddy') }, () => {
  const resources = new AsyncDisposableStack();
  const tree = resources.use(fixtureTree());
  let servers: RunningServers;

  before(async () => {
    servers = resources.use(await startServers(tree.root));
    // The tag of a large file is weak as long as its time stamps may hide a change.
    const request = head('HEAD /large.bin HTTP/1.1', 'Host: localhost');
    await until(
      async () => field(await exchange(servers.ports.DreamServer, request), 'ETag')?.startsWith('"'),
      { what: 'the large file is settled' },
    );
  });
  after(() => resources.disposeAsync());

  for (const [file, inFile] of Map.groupBy(cases, (each) => each.file)) {
    describe(`DreamServer, ${file}`, () => {
      for (const each of inFile) {
        test(each.title, async () => check(each, await askFor(servers.ports.DreamServer, each)));
      }
    });
  }

  for (const peer of PEERS) {
    describe(`${peer} differs where the page says so, and nowhere else`, () => {
      const expected = new ExpectedDifferences(sections, peer);
      for (const each of cases) {
        test(each.title, async () => {
          const ours = await askFor(servers.ports.DreamServer, each);
          const theirs = await askFor(servers.ports[peer], each);
          assert.deepEqual(
            difference(ours, theirs).toSorted(),
            expected.of(each.title, ours.status, theirs.status).toSorted(),
          );
        });
      }

      test('every row for a whole status has stood for some case', () => {
        assert.deepEqual(expected.unused, []);
      });
    });
  }

  function check(each: StaticCase, response: RawResponse): void {
    assert.equal(response.status, each.status);
    for (const [name, value] of each.expected) {
      assert.equal(fieldValues(response, name).join(', '), value, name);
    }
    for (const name of each.without) assert.deepEqual(fieldValues(response, name), [], name);
    const { body } = response;
    if (each.body !== undefined) assert.equal(body.toString('latin1'), each.body);
    if (each.bodyFile !== undefined) {
      assert.ok(body.equals(readFileSync(join(tree.root, each.bodyFile))), `the bytes of ${each.bodyFile}`);
    }
    // Whatever the case is about, these hold for all answers.
    if (each.method === 'HEAD' || each.status === 304) assert.equal(body.length, 0);
    if (each.status === 304 || each.status === 206) assert.ok(field(response, 'ETag'), 'ETag');
    if (each.status >= 400) assert.equal(field(response, 'ETag'), undefined, 'ETag');
  }
});
