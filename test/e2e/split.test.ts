/** A canary beside an application: nginx beside gunicorn, by header, cookie, weight and client. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { Gunicorn } from '../support/gunicorn.ts';
import { get } from '../support/message.ts';
import { Nginx } from '../support/nginx.ts';
import { requires } from '../support/packages.ts';
import { field } from '../support/parse-response.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { temporarySite } from '../support/site.ts';

suite('a canary', { skip: requires('gunicorn', 'nginx') }, () => {
  const resources = new AsyncDisposableStack();
  after(() => resources.disposeAsync());

  let gunicorn: Gunicorn;
  let nginx: Nginx;

  before(async () => {
    gunicorn = resources.use(await Gunicorn.atPath());
    const { root } = resources.use(temporarySite());
    nginx = resources.use(await Nginx.start({ root, server: 'location / { return 200 canary; }' }));
  });

  const start = (split: readonly object[]): Promise<DreamServer> =>
    startDreamServer({
      upstreams: { app: { servers: [gunicorn.url] }, canary: { servers: [nginx.url] } },
      routes: [
        {
          headers: { response: { set: { 'X-Served-By': '{upstream}' } } },
          proxy: { to: 'app', split },
        },
      ],
      workers: 1,
    });

  /** Which side has answered each of these requests, all of one client. */
  async function sides(
    server: DreamServer,
    requests: readonly string[],
    from = '127.0.0.1',
  ): Promise<string[]> {
    using client = await RawConnection.open({ port: server.port, host: '127.0.0.1', localAddress: from });
    const answers: string[] = [];
    for (const request of requests) {
      await client.send(request);
      const { status, body } = await client.response();
      assert.equal(status, 200);
      answers.push(body.toString() === 'canary' ? 'canary' : 'app');
    }
    return answers;
  }

  const times = (count: number, ...fields: string[]): string[] =>
    Array.from({ length: count }, () => get('/', ...fields));
  const canaries = (answers: readonly string[]): number => answers.filter((side) => side === 'canary').length;

  test('has exactly its share of the requests, and all of those that are for it by what they say', async () => {
    await using server = await start([
      { to: 'canary', weight: '5%' },
      { to: 'canary', header: { 'x-canary': '1' } },
      { to: nginx.url, cookie: { beta: 'yes' } },
      { to: 'app', cookie: { beta: 'no' } },
    ]);
    assert.equal(canaries(await sides(server, times(40, 'X-Canary: 1'))), 40);
    assert.equal(canaries(await sides(server, times(40, 'Cookie: a=b; beta=yes'))), 40);
    assert.equal(canaries(await sides(server, times(40, 'Cookie: beta=no'))), 0);
    assert.equal(canaries(await sides(server, times(200))), 10);
  });

  test('keeps its clients, and only gains some when its weight grows', async () => {
    const addresses = Array.from({ length: 50 }, (_, i) => `127.0.1.${i + 1}`);
    async function chosen(weight: string): Promise<string[]> {
      await using server = await start([{ to: 'canary', weight, by: 'client-ip' }]);
      const found: string[] = [];
      for (const address of addresses) {
        const answers = new Set(await sides(server, times(3), address));
        assert.equal(answers.size, 1, address);
        found.push(...answers);
      }
      return found;
    }
    const before = await chosen('20%');
    const later = await chosen('60%');
    assert.deepEqual(await chosen('20%'), before);
    assert.ok(canaries(before) > 0 && canaries(before) < canaries(later) && canaries(later) < 50);
    assert.deepEqual(
      addresses.filter((_, i) => before[i] === 'canary' && later[i] === 'app'),
      [],
    );
  });

  test('is named by the answer, and told at the start', async () => {
    await using server = await start([{ to: 'canary', weight: '100%' }]);
    using client = await RawConnection.connect(server.port);
    await client.send(get('/'));
    assert.equal(field(await client.response(), 'X-Served-By'), `127.0.0.1:${nginx.port}`);
    assert.ok(server.child.stderr.some((line) => line.includes('split to canary (100%)')));
  });
});
