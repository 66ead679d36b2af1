import { execFile } from 'node:child_process';
import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Child } from './child.ts';
import { program } from './packages.ts';
import { freePort, untilAccepts } from './ports.ts';
import { type TemporaryDirectory, temporaryDirectory } from './temp.ts';
import { until } from './until.ts';

const run = promisify(execFile);
const PROBE = fileURLToPath(new URL('../fixtures/django/probe', import.meta.url));

/** The programs that `DjangoSite` needs, for `requires(...)`. */
export const DJANGO_PROGRAMS = ['django-admin', 'gunicorn'] as const;

/**
 * A Django project made by `django-admin startproject`, with the admin, sqlite, a superuser and the `probe`
 * application of the fixtures, served by gunicorn with two workers.
 */
export class DjangoSite implements AsyncDisposable {
  readonly superuser = { name: 'admin', password: 'correct horse battery' } as const;
  readonly port: number;
  #directory: TemporaryDirectory;
  #child: Child | undefined;

  private constructor(port: number) {
    this.port = port;
    this.#directory = temporaryDirectory();
  }

  static async start(): Promise<DjangoSite> {
    const site = new DjangoSite(await freePort());
    await site.#create();
    await site.#serve();
    return site;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Root whose `/static/` holds the files collected by Django. */
  get publicRoot(): string {
    return this.#directory.join('public');
  }

  /** Where the admin stores an uploaded document. */
  documentPath(name: string): string {
    return this.#directory.join('media', 'documents', name);
  }

  /** Waits until the view `held` or `stream` of that name has been reached and waits to be released. */
  async untilHeld(name: string): Promise<void> {
    const marker = this.#directory.join('hold', `${name}.waiting`);
    await until(() => existsSync(marker), { what: `Django holds ${name}` });
  }

  /** Lets the held view of that name go on. */
  release(name: string): void {
    writeFileSync(this.#directory.join('hold', `${name}.release`), '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child?.stop('SIGTERM');
    this.#directory.remove();
  }

  get #environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      PYTHONPATH: this.#directory.path,
      PYTHONDONTWRITEBYTECODE: '1',
      DJANGO_SETTINGS_MODULE: 'probe.settings',
      DJANGO_SUPERUSER_USERNAME: this.superuser.name,
      DJANGO_SUPERUSER_PASSWORD: this.superuser.password,
      DJANGO_SUPERUSER_EMAIL: 'admin@djangoserver.com',
    };
  }

  async #create(): Promise<void> {
    const cwd = this.#directory.path;
    await run(program('django-admin'), ['startproject', 'project', '.'], { cwd });
    cpSync(PROBE, join(cwd, 'probe'), { recursive: true });
    const admin = (...args: string[]): Promise<unknown> =>
      run(program('django-admin'), args, { cwd, env: this.#environment });
    await admin('migrate', '--run-syncdb', '--verbosity', '0');
    await Promise.all([
      admin('createsuperuser', '--noinput', '--verbosity', '0'),
      admin('collectstatic', '--noinput', '--verbosity', '0'),
    ]);
  }

  async #serve(): Promise<void> {
    const args = [
      '--workers',
      '2',
      '--bind',
      `127.0.0.1:${this.port}`,
      '--graceful-timeout',
      '1',
      '--no-sendfile',
    ];
    this.#child = new Child('gunicorn', program('gunicorn'), [...args, 'project.wsgi'], {
      cwd: this.#directory.path,
      env: this.#environment,
    });
    await untilAccepts(this.port, this.#child);
  }
}
