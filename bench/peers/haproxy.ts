import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

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
  kinds: ['proxy'],
  version: () => toolVersion('haproxy', ['-v'], /version (\S+)/, 'haproxy'),
  launch(task) {
    const config = join(task.folder, 'haproxy.cfg');
    writeFileSync(config, configuration(task));
    return { command: 'haproxy', args: ['-db', '-f', config], logsToStdout: true };
  },
};

const configuration = (task: Task): string => `
global
  nbthread 1
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
  timeout http-keep-alive 60s
  unique-id-format %[uuid()]
  unique-id-header X-Request-Id
  log-format "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %{+Q}r %ID"
frontend entry
  bind 127.0.0.1:${task.port} backlog 4096
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  default_backend backend
  balance roundrobin
backend backend
  balance roundrobin
  ${task.backendPorts.map((port) => `server s${port} 127.0.0.1:${port} pool-max-conn 128`).join('\n  ')}
`;
