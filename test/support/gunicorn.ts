import { Child } from './child.ts';
import { program } from './packages.ts';
import { temporaryDirectory } from './temp.ts';

/** Answers with what it was asked, as the WSGI environment has it. */
const APPLICATION = `
def application(environ, start_response):
    body = environ['wsgi.input'].read()
    lines = [environ['REQUEST_METHOD'], environ['PATH_INFO'], environ.get('HTTP_HOST', ''), str(len(body))]
    answer = '\\n'.join(lines).encode()
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(answer)))])
    return [answer]
`;

/** gunicorn with a small application, on a unix socket. */
export class UnixGunicorn implements AsyncDisposable {
  readonly path: string;
  #directory = temporaryDirectory();
  #child: Child;

  private constructor() {
    this.path = this.#directory.join('app.sock');
    this.#directory.write('asked.py', APPLICATION);
    const args = ['--bind', `unix:${this.path}`, '--workers', '1', '--worker-class', 'gthread'];
    this.#child = new Child('gunicorn', program('gunicorn'), [...args, 'asked:application'], {
      cwd: this.#directory.path,
      env: { ...process.env, PYTHONPATH: this.#directory.path, PYTHONDONTWRITEBYTECODE: '1' },
    });
  }

  static async start(): Promise<UnixGunicorn> {
    const gunicorn = new UnixGunicorn();
    const child = gunicorn.#child;
    await child.untilOutput('gunicorn listens', () => child.stderr.some((line) => /Listening at/.test(line)));
    return gunicorn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stop('SIGTERM');
    this.#directory.remove();
  }
}
