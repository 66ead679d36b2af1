/**
 * What TLS to an upstream costs for a proxied request: the same nginx behind the same server, spoken to in plain and over
 * TLS, connections kept on both sides.
 *
 *     node bench/micro/upstream-tls.ts [--rounds 3] [--seconds 2]
 *
 * Needs nginx, openssl, wrk and taskset. The server runs on core 0, wrk on core 1, in turns; printed is the CPU time of
 * the server for a request, median (lowest–highest).
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { CertificateAuthority } from '../../test/support/certificates.ts';
import { Child } from '../../test/support/child.ts';
import { untilListening } from '../../test/support/dreamserver.ts';
import { Nginx } from '../../test/support/nginx.ts';
import { freePort } from '../../test/support/ports.ts';
import { temporaryDirectory } from '../../test/support/temp.ts';
import { cpuBetween, readCpu } from '../measure.ts';
import { spread } from '../stats.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '2' } },
});
const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const sizes = { '1k': 1024, '100k': 100 * 1024 } as const;

using folder = temporaryDirectory();
for (const [name, size] of Object.entries(sizes)) folder.write(`${name}.bin`, Buffer.alloc(size, 'x'));
using authority = new CertificateAuthority();
const { cert, key } = authority.issue('nginx', ['IP:127.0.0.1']);
const tlsPort = await freePort();
await using nginx = await Nginx.start({
  root: folder.path,
  http: `server {
    listen 127.0.0.1:${tlsPort} ssl;
    ssl_certificate ${cert};
    ssl_certificate_key ${key};
    root ${folder.path};
  }`,
});
const upstreams = {
  plain: { servers: [nginx.url] },
  tls: { servers: [`https://127.0.0.1:${tlsPort}`], tls: { ca: authority.ca } },
};

for (const size of Object.keys(sizes)) {
  const samples: Record<string, number[]> = { plain: [], tls: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [way, upstream] of Object.entries(upstreams)) {
      samples[way].push(await sample(upstream, `/${size}.bin`));
    }
  }
  for (const [way, all] of Object.entries(samples)) {
    const { median, low, high } = spread(all);
    console.log(
      `${size.padEnd(5)} ${way.padEnd(6)} ${median.toFixed(2)} µs (${low.toFixed(2)}–${high.toFixed(2)})`,
    );
  }
}

async function sample(upstream: unknown, path: string): Promise<number> {
  const port = await freePort();
  const config = {
    listeners: [`127.0.0.1:${port}`],
    upstreams: { upstream },
    routes: [{ proxy: 'upstream' }],
    accessLog: { path: folder.join('access.log') },
    workers: 1,
  };
  const file = folder.write('dreamserver.json', JSON.stringify(config));
  const server = new Child('DreamServer', 'taskset', ['-c', '0', process.execPath, MAIN, 'run', '-c', file]);
  try {
    await untilListening(server);
    const url = `http://127.0.0.1:${port}${path}`;
    load(url, '1');
    const before = readCpu([server.pid]);
    const requests = load(url, values.seconds);
    return cpuBetween(before, readCpu([server.pid])) / requests / 1000;
  } finally {
    await server.stop('SIGTERM');
  }
}

/** Load for some seconds; answers how many requests were made. */
function load(url: string, seconds: string): number {
  const out = execFileSync('taskset', ['-c', '1', 'wrk', '-t1', '-c64', `-d${seconds}`, url], {
    encoding: 'utf8',
  });
  if (/Non-2xx|Socket errors/.test(out)) throw new Error(out);
  return Number(/(\d+) requests in/.exec(out)?.[1]);
}
