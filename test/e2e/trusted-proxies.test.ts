/** nginx in front, by TCP and by a unix socket: who the client is, as nginx tells it, whatever the client claims. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { curl, headField, type CurlResult } from '../support/curl.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { Nginx } from '../support/nginx.ts';
import { requires } from '../support/packages.ts';
import { freePort } from '../support/ports.ts';
import { temporarySite } from '../support/site.ts';
import { temporaryDirectory } from '../support/temp.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

/** Another address than that of nginx, which is trusted. */
const CLIENT = '127.0.0.2';

const ask = (url: string, ...fields: string[]): Promise<CurlResult> =>
  curl(['--interface', CLIENT, ...fields.flatMap((field) => ['--header', field]), url]);

suite('behind nginx', { skip: requires('nginx', 'curl') }, () => {
  let server: DreamServer;
  let nginx: Nginx;

  before(async () => {
    const site = resources.use(temporarySite());
    const directory = resources.use(temporaryDirectory());
    const port = await freePort();
    const socket = directory.join('dreamserver.sock');
    server = resources.use(
      await startDreamServer({
        listeners: [{ address: `127.0.0.1:${port}` }, { address: `unix:${socket}` }],
        trustedProxies: ['127.0.0.1', 'unix'],
        routes: [
          { respond: 'ok', headers: { response: { set: { 'X-Seen': '{client-ip} {proto} {host}' } } } },
        ],
        workers: 1,
      }),
    );
    const forwarding = `
      proxy_set_header Host inside.example;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto https;`;
    nginx = resources.use(
      await Nginx.start({
        root: site.root,
        server: `
          location /tcp { ${forwarding} proxy_pass http://127.0.0.1:${port}; }
          location /unix { ${forwarding} proxy_pass http://unix:${socket}:; }`,
      }),
    );
  });

  for (const way of ['tcp', 'unix']) {
    test(`by ${way}, the client is the one that nginx has seen, and nginx's id is kept`, async () => {
      const id = randomUUID();
      const fields = ['X-Forwarded-For: 6.6.6.6, 127.0.0.1', 'Forwarded: for=6.6.6.6', `X-Request-Id: ${id}`];
      const { status, head } = await ask(`http://127.0.0.1:${nginx.port}/${way}`, ...fields);
      assert.equal(status, 200);
      assert.equal(headField(head, 'X-Seen'), `${CLIENT} https inside.example`);
      assert.equal(headField(head, 'X-Request-Id'), id);
      const logged = (await server.untilLoggedAs(id)).at(-1);
      assert.deepEqual([logged?.ip, logged?.path], [CLIENT, `/${way}`]);
    });
  }

  test('a client that comes by itself from elsewhere is believed nothing', async () => {
    const fields = ['X-Forwarded-For: 6.6.6.6', 'X-Forwarded-Proto: https', 'X-Request-Id: forged'];
    const { head } = await ask(`http://127.0.0.1:${server.port}/own`, ...fields);
    assert.equal(headField(head, 'X-Seen'), `${CLIENT} http 127.0.0.1`);
    assert.notEqual(headField(head, 'X-Request-Id'), 'forged');
  });
});
