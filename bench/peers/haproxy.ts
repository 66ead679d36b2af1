import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { routePrefixes } from '../cells/routes.ts';
import type { Peer, Task } from './peer.ts';
import { toolVersion } from './tool-version.ts';

/**
 * HAProxy as a good operator would set it up: one thread, backend connections shared between clients, the HTTP log
 * with the request's unique id. The log goes to standard output, which is a file here: one write per request, which
 * cost HAProxy less than datagrams to a syslog socket and, unlike them, loses no line.
 */
export const haproxy: Peer = {
  id: 'haproxy',
  title: 'HAProxy',
  kinds: ['proxy', 'routes', 'proxy-features', 'websocket'],
  version: () => toolVersion('haproxy', ['-v'], /version (\S+)/, 'haproxy'),
  launch(task) {
    const config = join(task.folder, 'haproxy.cfg');
    writeFileSync(config, configuration(task));
    if (task.kind === 'routes') {
      writeFileSync(mapOf(task), routePrefixes.map((prefix) => `${prefix} backend\n`).join(''));
    }
    return { command: 'haproxy', args: ['-db', '-f', config], logsToStdout: true };
  },
};

const configuration = (task: Task): string => `
global
  nbthread ${task.workers}
  maxconn 12000
  no strict-limits
  log stdout format raw local0 info
defaults
  mode http
  log global
  option forwardfor
  http-reuse always
  timeout connect 3s
  timeout client 60s
  timeout server 60s
  timeout tunnel 60s
  timeout http-keep-alive 60s
  unique-id-format %[uuid()]
  unique-id-header X-Request-Id
  log-format "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %{+Q}r %ID"
frontend entry
  bind 127.0.0.1:${task.port} backlog 4096
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
${task.kind === 'routes' ? `  use_backend %[path,map_beg(${mapOf(task)})] if { path_beg /teams/ }\n` : ''}${
  task.kind === 'proxy-features' ? features : ''
}  default_backend backend
backend backend
  balance roundrobin
${task.kind === 'proxy-features' ? backendFeatures : ''}${servers(task)}
`;

const servers = ({ kind, backendPorts }: Task): string =>
  backendPorts
    .map((port) => {
      const more = kind === 'proxy-features' ? ` cookie s${port} check observe layer4 maxconn 512` : '';
      return `  server s${port} 127.0.0.1:${port} pool-max-conn 1024${more}`;
    })
    .join('\n');

/** The same as in DreamServer's configuration: see there. */
const features = `  http-request replace-path ^/proxy/(.*) /v2/proxy/\\1
  http-request set-header X-Real-IP %[src]
  http-request del-header X-Debug
  http-response set-header X-Frame-Options DENY
  http-response set-header X-Content-Type-Options nosniff
  http-response set-header Cache-Control no-store
  http-response del-header X-Powered-By
`;

const backendFeatures = `  cookie bench_backend insert indirect nocache httponly
  option httpchk GET /health
  default-server inter 1s
  retries 2
  option redispatch
`;

const mapOf = ({ folder }: Task): string => join(folder, 'routes.map');
