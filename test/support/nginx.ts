import { Child } from './child.ts';
import { program } from './packages.ts';
import { freePort, untilAccepts } from './ports.ts';
import { type TemporaryDirectory, temporaryDirectory } from './temp.ts';

export interface NginxOptions {
  /** Directory served at `/`. */
  readonly root: string;
  /** More lines for the `server` block. */
  readonly server?: string;
  readonly port?: number;
}

/** A real nginx as a backend: one process, so that killing it leaves nothing behind. */
export class Nginx implements AsyncDisposable {
  readonly port: number;
  #options: NginxOptions;
  #directory: TemporaryDirectory;
  #child: Child | undefined;

  private constructor(options: NginxOptions, port: number) {
    this.#options = options;
    this.port = port;
    this.#directory = temporaryDirectory();
  }

  static async start(options: NginxOptions): Promise<Nginx> {
    const nginx = new Nginx(options, options.port ?? (await freePort()));
    await nginx.start();
    return nginx;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Path of its access log: the request line and the status of each request, one a line. */
  get accessLog(): string {
    return this.#directory.join('access.log');
  }

  /** Starts it, also again after it was killed. */
  async start(): Promise<void> {
    const file = this.#directory.write('nginx.conf', this.#configuration());
    this.#child = new Child('nginx', program('nginx'), [
      '-c',
      file,
      '-p',
      this.#directory.path,
      '-e',
      'stderr',
    ]);
    await untilAccepts(this.port, 'nginx');
  }

  /** SIGKILL: connections are reset, nothing is finished. */
  async kill(): Promise<void> {
    await this.#child?.stop('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#child?.stop('SIGTERM');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    this.#directory.remove();
  }

  #configuration(): string {
    const at = (name: string): string => this.#directory.join(name);
    return `
daemon off;
master_process off;
pid ${at('nginx.pid')};
events { worker_connections 4096; }
http {
  default_type application/octet-stream;
  types { text/html html; text/plain txt; }
  sendfile on;
  keepalive_requests 1000000;
  log_format short '$request $status';
  access_log ${at('access.log')} short;
  client_max_body_size 0;
  client_body_temp_path ${at('body')};
  proxy_temp_path ${at('proxy')};
  fastcgi_temp_path ${at('fastcgi')};
  uwsgi_temp_path ${at('uwsgi')};
  scgi_temp_path ${at('scgi')};
  server {
    listen 127.0.0.1:${this.port} backlog=4096;
    root ${this.#options.root};
    location = /status { stub_status; access_log off; }
    ${this.#options.server ?? ''}
  }
}
`;
  }
}

/** How many requests nginx has served since its start, by its own count; the asking itself is one of them. */
export async function nginxRequestCount(nginx: Nginx): Promise<number> {
  const text = await (await fetch(`${nginx.url}/status`)).text();
  const match = /^ (\d+) (\d+) (\d+) $/m.exec(text);
  if (!match) throw new Error(`stub_status: ${text}`);
  return Number(match[3]);
}
