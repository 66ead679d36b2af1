import { readFileSync } from 'node:fs';
import { Child } from './child.ts';
import { program } from './packages.ts';
import { freePort } from './ports.ts';
import { temporaryDirectory } from './temp.ts';

/**
 * Writes down the X-Id of what it was asked where there is a file for that, and answers with the WSGI environment, as often
 * as the query says.
 */
const APPLICATION = `
import os

ids = os.open(os.environ['IDS'], os.O_WRONLY | os.O_APPEND) if 'IDS' in os.environ else None

def application(environ, start_response):
    if ids is not None and 'HTTP_X_ID' in environ:
        os.write(ids, (environ['HTTP_X_ID'] + '\\n').encode())
    query = environ['QUERY_STRING']
    body = environ['wsgi.input'].read()
    lines = [environ['REQUEST_METHOD'], environ['PATH_INFO'], environ.get('HTTP_HOST', ''), str(len(body))]
    answer = '\\n'.join(lines).encode() * int(query if query.isdigit() else 1)
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(answer)))])
    return [answer]
`;

/** gunicorn with a small application: a master and one worker of threads. */
export class Gunicorn implements AsyncDisposable {
  readonly url: string;
  readonly #bind: string;
  readonly #ids: string | undefined;
  readonly #threads: number;
  readonly #directory = temporaryDirectory();
  #child!: Child;

  private constructor(port: number | undefined, ids: string | undefined, threads = 64) {
    this.#bind = port === undefined ? `unix:${this.#directory.join('app.sock')}` : `127.0.0.1:${port}`;
    this.url = port === undefined ? this.#bind : `http://${this.#bind}`;
    this.#ids = ids;
    this.#threads = threads;
    this.#directory.write('asked.py', APPLICATION);
  }

  /** On a port; `ids` is a file that the X-Id of every request is written into before it is answered. */
  static async start(ids?: string): Promise<Gunicorn> {
    const gunicorn = new Gunicorn(await freePort(), ids);
    await gunicorn.start();
    return gunicorn;
  }

  /** On a unix socket. */
  static async atPath(threads?: number): Promise<Gunicorn> {
    const gunicorn = new Gunicorn(undefined, undefined, threads);
    await gunicorn.start();
    return gunicorn;
  }

  /** Starts it, also again after it was killed. */
  async start(): Promise<void> {
    const threads = String(this.#threads);
    const args = ['--bind', this.#bind, '--workers', '1', '--worker-class', 'gthread', '--threads', threads];
    const ids = this.#ids === undefined ? {} : { IDS: this.#ids };
    const child = new Child('gunicorn', program('gunicorn'), [...args, 'asked:application'], {
      cwd: this.#directory.path,
      env: { ...process.env, ...ids, PYTHONPATH: this.#directory.path, PYTHONDONTWRITEBYTECODE: '1' },
    });
    this.#child = child;
    await child.untilOutput('gunicorn works', () => child.stderr.some((line) => /Booting worker/.test(line)));
  }

  /** SIGKILL to the master and, at the same moment, to its worker, which would else go on for a while. */
  async kill(): Promise<void> {
    if (!this.#child.isRunning) return;
    const { pid } = this.#child;
    const workers = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ');
    // The master first, which would else start another.
    const gone = this.#child.stop('SIGKILL');
    for (const worker of workers.filter((each) => each !== '')) process.kill(Number(worker), 'SIGKILL');
    await gone;
  }

  /** Stops as gunicorn is told to by whoever replaces it: what it has taken, it answers. */
  async stop(): Promise<void> {
    await this.#child.stop('SIGTERM');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    this.#directory.remove();
  }
}
