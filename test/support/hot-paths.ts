import { CountingBackend, IdFile } from './counting-backend.ts';
import { type DreamServer, startDreamServer } from './dreamserver.ts';
import { ExactLoad } from './exact-load.ts';
import { get, head } from './message.ts';
import { Nginx } from './nginx.ts';
import { patterned } from './site.ts';
import { temporaryDirectory } from './temp.ts';

/** What is asked for most, and so must cost least. */
export type HotPath = 'file of 1 KiB' | 'file of 100 KiB' | 'proxied GET of 1 KiB' | 'proxied POST of 1 KiB';

const CONNECTIONS = 8;

const REQUESTS: Readonly<Record<HotPath, string>> = {
  'file of 1 KiB': get('/1k.bin'),
  'file of 100 KiB': get('/100k.bin'),
  'proxied GET of 1 KiB': get('/proxied/1k'),
  'proxied POST of 1 KiB':
    head('POST /upload HTTP/1.1', 'Host: localhost', 'Content-Length: 1024') + 'x'.repeat(1024),
};

/** All of them. */
export const PATHS = Object.keys(REQUESTS) as readonly HotPath[];

/** A DreamServer of one worker with files and two backends: an nginx, and one that reads what is sent to it. */
export class HotPaths implements AsyncDisposable {
  readonly server: DreamServer;
  readonly #resources: AsyncDisposableStack;

  private constructor(server: DreamServer, resources: AsyncDisposableStack) {
    this.server = server;
    this.#resources = resources;
  }

  static async start(environment: NodeJS.ProcessEnv = {}): Promise<HotPaths> {
    await using resources = new AsyncDisposableStack();
    const site = temporaryDirectory();
    resources.defer(() => site.remove());
    site.write('1k.bin', patterned(1024));
    site.write('100k.bin', patterned(100 * 1024));
    // From memory: of a file nginx sends head and content in two pieces.
    const answer = `location = /proxied/1k { return 200 "${'x'.repeat(1024)}"; }`;
    const downloads = resources.use(await Nginx.start({ root: site.path, server: answer }));
    const ids = resources.use(new IdFile());
    const uploads = resources.use(await CountingBackend.start(ids.path));
    const server = resources.use(
      await startDreamServer(
        {
          routes: [
            { match: { path: '/proxied/*' }, proxy: downloads.url },
            { match: { path: '/upload' }, proxy: uploads.url },
            { files: site.path },
          ],
          // The lines are made and written; where a disk stalls, a file's would go through the thread pool (ADR 0003).
          accessLog: { path: '/dev/null' },
          workers: 1,
        },
        environment,
      ),
    );
    return new HotPaths(server, resources.move());
  }

  /** Connections that ask for this. */
  open(path: HotPath): Promise<ExactLoad> {
    return ExactLoad.open(this.server.port, REQUESTS[path], CONNECTIONS);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}
