/**
 * The backends behind the proxies, on the load's core. `content` is an nginx that answers from its memory or from
 * files; `sink` is a HAProxy that answers a POST only when it holds the whole body (nginx would answer at once and
 * discard the body later, so that a proxy would be measured with its upload cut short). HAProxy holds no body of many
 * megabytes; `bigSink` is a small program that does. Each listens on as many ports as a cell has servers at most.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { freePort } from '../test/support/ports.ts';
import { mostServers } from './cells/cell.ts';
import type { BackendName } from './cells/cell.ts';
import { untilListening } from './listening.ts';
import { start, stop } from './processes.ts';
import type { Launch, Running } from './processes.ts';
import type { Workspace } from './workspace.ts';

export interface Backends {
  /** Every port of each: the same program answers at all of them. */
  ports: Record<BackendName, readonly number[]>;
  stop(): Promise<void>;
}

export async function startBackends(workspace: Workspace, core: number): Promise<Backends> {
  const ports = { content: await freePorts(), sink: await freePorts(), bigSink: await freePorts() };
  const started: Running[] = [];
  const up = async (name: BackendName, launch: Launch) => {
    const backend = start(`backend ${name}`, launch, core);
    started.push(backend);
    for (const port of ports[name]) await untilListening(backend, port);
  };
  await up('content', content(workspace, ports.content));
  await up('sink', sink(workspace, ports.sink));
  await up('bigSink', bigSink(ports.bigSink));
  return {
    ports,
    async stop() {
      for (const backend of started) await stop(backend);
    },
  };
}

async function freePorts(): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < mostServers) ports.add(await freePort());
  return [...ports];
}

function content(workspace: Workspace, ports: readonly number[]): Launch {
  const folder = workspace.folder('backend-content');
  const config = join(folder, 'nginx.conf');
  const small = readFileSync(join(workspace.root, 'proxy', '1k.bin'), 'latin1');
  writeFileSync(
    config,
    `
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 16000; }
http {
  types { }
  default_type application/octet-stream;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  access_log off;
  sendfile on;
  tcp_nopush on;
  open_file_cache max=1000 inactive=60s;
  open_file_cache_valid 60s;
  keepalive_timeout 120s;
  keepalive_requests 1000000000;
  server {
    ${ports.map((port) => `listen 127.0.0.1:${port} backlog=4096;`).join('\n    ')}
    root ${workspace.root};
    location = /proxy/1k.bin { return 200 "${small}"; }
    location /teams/ { return 200 "${small}"; }
    location = /proxy/nothing { return 204; }
    location = /health { return 200 "well"; }
    # What may hold includes has no length that could be told before it is sent: it goes out in chunks.
    location /proxy/chunked/ { ssi on; ssi_types *; }
    location /v2/ { rewrite ^/v2(/.*)$ $1 last; }
    location = /proxy/forwarded {
      return 200 "$http_x_forwarded_for|$http_x_forwarded_host|$http_x_forwarded_proto|$http_x_request_id";
    }
  }
}
`,
  );
  return { command: 'nginx', args: ['-p', folder, '-e', join(folder, 'error.log'), '-c', config] };
}

function sink(workspace: Workspace, ports: readonly number[]): Launch {
  const config = join(workspace.folder('backend-sink'), 'haproxy.cfg');
  writeFileSync(
    config,
    `
global
  nbthread 1
  maxconn 8000
  tune.bufsize 131072
defaults
  mode http
  timeout client 120s
  timeout http-request 120s
frontend sink
  ${ports.map((port) => `bind 127.0.0.1:${port} backlog 4096`).join('\n  ')}
  http-request wait-for-body time 10s
  http-request return status 200 content-type text/plain lf-string "%[req.body,sha2(256),hex]" if { url_param(verify) -m found }
  http-request return status 200 content-type text/plain lf-string "%[req.fhdr(x-forwarded-for)]|%[req.fhdr(x-forwarded-host)]|%[req.fhdr(x-forwarded-proto)]|%[req.fhdr(x-request-id)]" if { path /proxy/forwarded }
  http-request return status 200 content-type text/plain lf-string "%[req.body_len]"
`,
  );
  return { command: 'haproxy', args: ['-db', '-f', config] };
}

function bigSink(ports: readonly number[]): Launch {
  const program = fileURLToPath(new URL('big-sink.ts', import.meta.url));
  return { command: process.execPath, args: [program, ...ports.map(String)] };
}
