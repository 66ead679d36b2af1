import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { routePrefixes } from '../cells/routes.ts';
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
  kinds: ['file', 'coded', 'proxy', 'routes', 'file-features', 'proxy-features', 'websocket'],
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
worker_processes ${task.workers};
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
    ${task.backendPorts.map((port) => `server 127.0.0.1:${port}${task.kind === 'proxy-features' ? ' max_fails=5 fail_timeout=30s' : ''};`).join('\n    ')}
    ${task.kind === 'proxy-features' ? 'hash $remote_addr consistent;' : ''}
    keepalive 1024;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${task.port} backlog=4096${task.workers > 1 ? ' reuseport' : ''};
    root ${task.root};
    location /coded/ {
      gzip_static on;
      gzip_vary on;
    }
    proxy_http_version 1.1;
    proxy_request_buffering off;
    proxy_buffer_size 16k;
    proxy_buffers 16 16k;
    ${task.kind === 'websocket' ? 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;' : 'proxy_set_header Connection "";'}
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Request-Id $request_id;
    ${task.kind === 'proxy-features' ? proxyFeatures : ''}
    ${task.kind === 'file-features' ? fileFeatures : ''}
    location /proxy/ {
      proxy_pass http://backend${task.kind === 'proxy-features' ? '/v2/proxy/' : ''};
    }
    ${task.kind === 'routes' ? routes : ''}
  }
}
`;

/** A binary tree of prefixes, which nginx makes of locations that are not regular expressions. */
const routes = routePrefixes.map((prefix) => `location ${prefix} { proxy_pass http://backend; }`).join('\n');

/**
 * The same as in DreamServer's configuration (see there), as far as nginx has it: its own health checks and sticky
 * cookies are part of the product that is sold. So clients stick by a hash of their address, which is less work than a
 * cookie, and servers are watched by what they answer alone.
 */
const proxyFeatures = `
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Debug "";
    proxy_next_upstream error timeout;
    proxy_next_upstream_tries 3;
    proxy_hide_header X-Powered-By;
    proxy_hide_header Cache-Control;
    add_header X-Frame-Options DENY always;
    add_header X-Content-Type-Options nosniff always;
    add_header Cache-Control no-store always;`;

const fileFeatures = `
    gzip on;
    gzip_vary on;
    gzip_min_length 1024;
    gzip_types text/plain text/css application/javascript application/json image/svg+xml;
    error_page 404 /404.html;
    try_files $uri $uri.html $uri/ =404;
    add_header X-Frame-Options DENY always;
    add_header X-Content-Type-Options nosniff always;
    add_header Cache-Control "public, max-age=3600" always;`;
