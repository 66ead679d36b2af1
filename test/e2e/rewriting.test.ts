/** A site of nginx below a prefix that it knows nothing of: the client gets about as if it were at the root. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { get } from '../support/message.ts';
import { Nginx } from '../support/nginx.ts';
import { requires } from '../support/packages.ts';
import { field, fieldValues, type RawResponse } from '../support/parse-response.ts';
import { exchange } from '../support/raw-connection.ts';
import { temporarySite } from '../support/site.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

suite('nginx below a prefix', { skip: requires('nginx') }, () => {
  let nginx: Nginx;
  let server: DreamServer;

  before(async () => {
    const site = resources.use(temporarySite());
    nginx = resources.use(
      await Nginx.start({
        root: site.root,
        server: `
          location = /moved { return 301 /new?a=b; }
          location = /own { return 302 http://$server_addr:$server_port/there; }
          location = /relative { absolute_redirect off; return 307 /there; }
          location = /away { return 302 http://elsewhere.example/there; }
          location = /cookie { add_header Set-Cookie "sid=1; Path=/in; Domain=app.internal"; return 204; }
          location = /asked { add_header X-Asked $request_uri; return 204; }
          location /in/ { add_header X-Asked $request_uri; return 204; }`,
      }),
    );
    const cookies = { path: { '/': '/site' }, domain: { 'app.internal': '' } };
    server = resources.use(
      await startDreamServer({
        upstreams: { nginx: { servers: [nginx.url] } },
        routes: [
          { match: { path: '/site/*' }, proxy: { to: 'nginx', stripPrefix: '/site', cookies } },
          {
            match: { path: '/plain/*' },
            proxy: { to: 'nginx', stripPrefix: '/plain', rewriteLocation: false },
          },
          {
            match: { path: '/*' },
            proxy: { to: 'nginx', addPrefix: '/in', rewrite: { regex: '^/u/(.*)$', to: '/users/$1?by=u' } },
          },
        ],
        workers: 1,
      }),
    );
  });

  const ask = (path: string): Promise<RawResponse> => exchange(server.port, get(path));
  const leads = async (path: string): Promise<string | undefined> => field(await ask(path), 'Location');

  test('its redirects lead to where the client finds what they mean', async () => {
    // nginx takes the host that it was asked for, and the port that it listens on: the client knows neither.
    assert.match(
      field(await exchange(nginx.port, get('/moved')), 'Location') ?? '',
      /^http:\/\/localhost:\d+\/new/,
    );
    assert.equal(await leads('/site/moved'), '/site/new?a=b');
    assert.equal(await leads('/site/own'), '/site/there');
    assert.equal(await leads('/site/relative'), '/site/there');
    assert.equal(await leads('/site/away'), 'http://elsewhere.example/there');
  });

  test('they are passed on as they are where that is asked for', async () => {
    assert.equal(await leads('/plain/relative'), '/there');
  });

  test('its cookies come back to it', async () => {
    assert.deepEqual(fieldValues(await ask('/site/cookie'), 'Set-Cookie'), ['sid=1; Path=/site/in']);
  });

  test('it is asked for the path that is meant', async () => {
    assert.equal(field(await ask('/site/asked?x'), 'X-Asked'), '/asked?x');
    assert.equal(field(await ask('/u/7?x'), 'X-Asked'), '/in/users/7?by=u&x');
    assert.equal(field(await ask('/other'), 'X-Asked'), '/in/other');
  });
});
