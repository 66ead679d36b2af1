/** A real Django application behind the proxy, as curl sees it: sessions and uploads, in every way that curl sends a body. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { curl, type CurlResult, headField } from '../support/curl.ts';
import { DJANGO_PROGRAMS, DjangoSite } from '../support/django.ts';
import { type DreamServer, startDreamServer } from '../support/dreamserver.ts';
import { requires } from '../support/packages.ts';
import { pseudoRandom, sha256, sha256OfFile } from '../support/sha256.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temp.ts';

const resources = new AsyncDisposableStack();
after(() => resources.disposeAsync());

const UPLOAD = pseudoRandom(20 * 1000 * 1000);
const DIGEST = sha256(UPLOAD);

suite('Django through curl', { skip: requires(...DJANGO_PROGRAMS, 'curl') }, () => {
  let django: DjangoSite;
  let server: DreamServer;
  let directory: TemporaryDirectory;
  let uploadPath: string;

  before(async () => {
    directory = resources.use(temporaryDirectory());
    uploadPath = directory.write('upload.bin', UPLOAD);
    django = resources.use(await DjangoSite.start());
    server = resources.use(
      await startDreamServer({
        upstreams: { django: { servers: [django.url] } },
        routes: [{ match: { host: 'djangoserver.com' }, proxy: { to: 'django' } }],
        workers: 1,
      }),
    );
  });

  const address = (path: string): string => `http://djangoserver.com:${server.port}${path}`;
  const ask = (path: string, ...args: string[]): Promise<CurlResult> =>
    curl(['--resolve', `djangoserver.com:${server.port}:127.0.0.1`, ...args, address(path)]);

  for (const { way, protocol, body } of [
    { way: 'HTTP/1.0', protocol: '--http1.0', body: [] },
    { way: 'HTTP/1.1', protocol: '--http1.1', body: ['Expect:'] },
    { way: 'Expect: 100-continue', protocol: '--http1.1', body: ['Expect: 100-continue'] },
    { way: 'a chunked body', protocol: '--http1.1', body: ['Expect:', 'Transfer-Encoding: chunked'] },
    {
      way: 'a chunked body and Expect',
      protocol: '--http1.1',
      body: ['Expect: 100-continue', 'Transfer-Encoding: chunked'],
    },
  ]) {
    /** Flags for a request that has a body. */
    const flags = [protocol, ...body.flatMap((field) => ['-H', field])];
    suite(`with ${way}`, () => {
      test('a body of 20 MB arrives whole, with its length', async () => {
        const result = await ask('/probe/sha256', ...flags, '--data-binary', `@${uploadPath}`);
        assert.equal(result.status, 200, result.messages);
        const expected = {
          method: 'POST',
          declared: String(UPLOAD.length),
          sha256: DIGEST,
          length: UPLOAD.length,
        };
        assert.deepEqual(result.json(), expected);
        const continued = /^< HTTP\/1\.1 100 /m.test(result.messages);
        assert.equal(continued, way.includes('Expect'));
      });

      test('a form with a file of 20 MB arrives whole', async () => {
        const result = await ask(
          '/probe/sha256-form',
          ...flags,
          '-F',
          'title=t',
          '-F',
          `file=@${uploadPath}`,
        );
        assert.equal(result.status, 200, result.messages);
        assert.deepEqual(result.json(), {
          fields: { title: 't' },
          files: { file: { name: 'upload.bin', sha256: DIGEST, length: UPLOAD.length } },
        });
      });

      test('log in, add a user, upload a file in the admin, log out', async () => {
        const jar = directory.join(`cookies-${way.replaceAll(/\W/g, '-')}`);
        const name = `user-${way.replaceAll(/\W/g, '-')}`;
        const session = (path: string, ...args: string[]): Promise<CurlResult> =>
          ask(path, protocol, '-b', jar, '-c', jar, ...args);
        const token = async (path: string): Promise<string> => {
          const page = await session(path);
          assert.equal(page.status, 200, page.head);
          return /name="csrfmiddlewaretoken" value="(\w+)"/.exec(page.body.toString())![1];
        };
        const post = async (path: string, fields: Record<string, string>): Promise<CurlResult> => {
          const form = { csrfmiddlewaretoken: await token(path), ...fields };
          return session(
            path,
            ...flags,
            ...Object.entries(form).flatMap(([key, value]) => ['-F', `${key}=${value}`]),
          );
        };

        const stranger = await session('/admin/');
        assert.equal(stranger.status, 302);
        assert.equal(headField(stranger.head, 'Location'), '/admin/login/?next=/admin/');

        const { name: username, password } = django.superuser;
        const login = await post('/admin/login/?next=/admin/', { username, password });
        assert.equal(login.status, 302, login.body.toString());
        assert.equal(headField(login.head, 'Location'), '/admin/');
        assert.match((await session('/admin/')).body.toString(), /Site administration/);

        const added = await post('/admin/auth/user/add/', {
          username: name,
          password1: 'long-Enough-7',
          password2: 'long-Enough-7',
        });
        assert.equal(added.status, 302, added.body.toString());
        assert.match((await session('/admin/auth/user/')).body.toString(), new RegExp(`>${name}<`));

        const uploaded = await post('/admin/probe/document/add/', {
          title: name,
          file: `@${uploadPath};filename=${name}.bin`,
        });
        assert.equal(uploaded.status, 302, uploaded.body.toString());
        assert.equal(await sha256OfFile(django.documentPath(`${name}.bin`)), DIGEST);

        await session('/admin/logout/');
        assert.equal((await session('/admin/')).status, 302);
      });
    });
  }

  test('a request without a CSRF token is refused by Django, not by us', async () => {
    const result = await ask('/admin/login/', '-d', 'username=a&password=b');
    assert.equal(result.status, 403);
    assert.match(result.body.toString(), /CSRF/);
  });
});
