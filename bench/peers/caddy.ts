import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Peer, Task } from './peer.ts';
import { toolVersion } from './tool-version.ts';

/** Caddy on as many Go scheduler threads as there are to be workers, HTTP/1.1 only, JSON access log (its default format) to a file. */
export const caddy: Peer = {
  id: 'caddy',
  title: 'Caddy',
  kinds: ['file', 'coded', 'proxy'],
  version: () => toolVersion('caddy', ['version'], /v?(\d\S*)/, 'caddy'),
  launch(task) {
    const config = join(task.folder, 'Caddyfile');
    writeFileSync(config, configuration(task));
    return {
      command: 'caddy',
      args: ['run', '--config', config, '--adapter', 'caddyfile'],
      env: {
        GOMAXPROCS: String(task.workers),
        HOME: task.folder,
        XDG_CONFIG_HOME: task.folder,
        XDG_DATA_HOME: task.folder,
      },
    };
  },
};

const configuration = (task: Task): string => `
{
  admin off
  auto_https off
  servers {
    protocols h1
  }
}
http://:${task.port} {
  bind 127.0.0.1
  log {
    output file ${task.logFile} {
      roll_disabled
    }
  }
  handle /proxy/* {
    reverse_proxy ${task.backendPorts.map((port) => `127.0.0.1:${port}`).join(' ')} {
      lb_policy round_robin
      header_up X-Request-Id {http.request.uuid}
      transport http {
        keepalive 60s
        keepalive_idle_conns_per_host 1024
        compression off
      }
    }
  }
  handle /coded/* {
    root * ${task.root}
    file_server {
      precompressed gzip
    }
  }
  handle {
    root * ${task.root}
    file_server
  }
}
`;
