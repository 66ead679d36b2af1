import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { start } from './processes.ts';

const script = (name: string) => fileURLToPath(new URL(`wrk/${name}.lua`, import.meta.url));

/** What wrk saw in one run. Times in microseconds; the percentiles are those of a closed loop. */
export interface Load {
  requests: number;
  bytes: number;
  microseconds: number;
  p50: number;
  p99: number;
  /** Empty when every answer was a success and no socket failed. */
  fault: string;
}

export interface LoadOptions {
  port: number;
  /** What is sent: a file that holds the request's bytes, or one of paths, of which the first so many are left out. */
  requests: { file: string } | { pathsFile: string; authority: string; skip: number };
  connections: number;
  seconds: number;
  core: number;
}

/** Runs wrk with one thread on one core. */
export async function load(options: LoadOptions): Promise<Load> {
  const { requests } = options;
  const [lua, ...args] =
    'file' in requests
      ? ['request', requests.file]
      : ['sequence', requests.pathsFile, requests.authority, String(requests.skip)];
  const wrk = start(
    'wrk',
    {
      command: 'wrk',
      args: [
        '-t1',
        `-c${options.connections}`,
        `-d${options.seconds}s`,
        '--timeout=5s',
        `--script=${script(lua)}`,
        `http://127.0.0.1:${options.port}/`,
        '--',
        ...args,
      ],
    },
    options.core,
  );
  const bound = setTimeout(() => wrk.child.kill('SIGKILL'), (options.seconds + 15) * 1000);
  await once(wrk.child, 'close');
  clearTimeout(bound);
  const line = /^RESULT (.*)$/m.exec(wrk.said());
  if (line === null) {
    throw new Error(`wrk gave no result (package wrk): ${wrk.said()}`);
  }
  const seen = JSON.parse(line[1]) as Record<string, number>;
  const errors = ['connect', 'read', 'write', 'timeout', 'status'].filter((name) => seen[name] > 0);
  return {
    requests: seen.requests,
    bytes: seen.bytes,
    microseconds: seen.microseconds,
    p50: seen.p50,
    p99: seen.p99,
    fault: errors.map((name) => `${seen[name]} ${name} errors`).join(', '),
  };
}
