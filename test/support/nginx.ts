import { Child } from './child.ts';
import { head } from './message.ts';
import { program } from './packages.ts';
import { freePort, untilAccepts } from './ports.ts';
import { exchange } from './raw-connection.ts';
import { type TemporaryDirectory, temporaryDirectory } from './temp.ts';

export interface NginxOptions {
  /** Directory served at `/`. */
  readonly root: string;
  /** More lines for the `server` block. */
  readonly server?: string;
  /** More lines for the `http` block, such as further servers. */
  readonly http?: string;
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
    await untilAccepts(this.port, this.#child);
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
  types {
    text/html html htm; text/plain txt; text/css css; text/javascript js; application/json json;
    image/svg+xml svg; image/png png; application/gzip gz;
  }
  sendfile on;
  keepalive_requests 1000000;
  access_log off;
  client_max_body_size 0;
  client_body_temp_path ${at('body')};
  proxy_temp_path ${at('proxy')};
  fastcgi_temp_path ${at('fastcgi')};
  uwsgi_temp_path ${at('uwsgi')};
  scgi_temp_path ${at('scgi')};
  server {
    listen 127.0.0.1:${this.port} backlog=4096;
    root ${this.#options.root};
    location = /status { stub_status; }
    ${this.#options.server ?? ''}
  }
  ${this.#options.http ?? ''}
}
`;
  }
}

/**
 * What nginx has counted since its start: connections accepted and requests served. The asking itself is one of each.
 */
export async function nginxCounters(nginx: Nginx): Promise<{ connections: number; requests: number }> {
  const response = await exchange(
    nginx.port,
    head('GET /status HTTP/1.1', 'Host: localhost', 'Connection: close'),
  );
  const match = /^ (\d+) (\d+) (\d+) $/m.exec(response.body.toString());
  if (!match) throw new Error(`stub_status: ${response.body.toString()}`);
  return { connections: Number(match[1]), requests: Number(match[3]) };
}
