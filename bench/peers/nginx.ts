import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Peer, Task } from './peer.ts';
import { toolVersion } from './tool-version.ts';

/** As many as a hard limit of 20,000 descriptors leaves room for: nginx keeps those of what it caches. */
const CACHED_FILES = 15_000;

/**
 * nginx as a good operator would set it up: one worker, sendfile, open_file_cache, connections to the backend kept
 * alive, buffers that hold the bench's bodies in memory, keep-alive connections that are not closed every 1,000
 * requests. The access log is `combined` plus the request id, written in 64 KiB blocks, at the latest after 1 s.
 */
export const nginx: Peer = {
  id: 'nginx',
  title: 'nginx',
  kinds: ['file', 'coded', 'proxy'],
  version: () => toolVersion('nginx', ['-v'], /nginx\/(\S+)/, 'nginx-light'),
  launch(task) {
    const config = join(task.folder, 'nginx.conf');
    writeFileSync(config, configuration(task));
    return {
      command: 'nginx',
      args: ['-p', task.folder, '-e', join(task.folder, 'error.log'), '-c', config],
    };
  },
};

const configuration = (task: Task): string => `
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${task.folder}/nginx.pid;
error_log ${task.folder}/error.log warn;
events { worker_connections 16000; }
http {
  types { }
  default_type application/octet-stream;
  client_body_temp_path ${task.folder}/body;
  proxy_temp_path ${task.folder}/proxy;
  fastcgi_temp_path ${task.folder}/fastcgi;
  uwsgi_temp_path ${task.folder}/uwsgi;
  scgi_temp_path ${task.folder}/scgi;

  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  open_file_cache max=${CACHED_FILES} inactive=60s;
  open_file_cache_valid 1s;
  keepalive_timeout 75s;
  keepalive_requests 1000000000;
  client_body_buffer_size 128k;
  client_max_body_size 0;

  log_format combined_id '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                         '"$http_referer" "$http_user_agent" $request_id';
  access_log ${task.logFile} combined_id buffer=64k flush=1s;

  upstream backend {
    ${task.backendPorts.map((port) => `server 127.0.0.1:${port};`).join('\n    ')}
    keepalive 128;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${task.port} backlog=4096;
    root ${task.root};
    location /coded/ {
      gzip_static on;
      gzip_vary on;
    }
    location /proxy/ {
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_buffer_size 16k;
      proxy_buffers 16 16k;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Request-Id $request_id;
    }
  }
}
`;
