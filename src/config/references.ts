import { accessSync, constants, statSync } from 'node:fs';
import { isServerUrl } from '../upstream/server-url.ts';
import { didYouMean } from './did-you-mean.ts';
import type { Mistake } from './mistakes.ts';
import type { RuntimeConfig } from './runtime-config.ts';

/**
 * Routes that proxy to an upstream that is not there. Looks at what the user wrote, whatever its shape, so that these
 * mistakes are told together with those that the schema finds.
 */
export function unknownUpstreams(config: unknown): Mistake[] {
  if (!isRecord(config) || !Array.isArray(config.routes)) return [];
  const names = isRecord(config.upstreams) ? Object.keys(config.upstreams) : [];
  return config.routes.flatMap((route: unknown, i): Mistake[] => {
    const proxy = isRecord(route) ? route.proxy : undefined;
    const to = isRecord(proxy) ? proxy.to : proxy;
    if (typeof to !== 'string' || to === '' || isServerUrl(to) || names.includes(to)) return [];
    const meant = didYouMean(to, names);
    const help =
      meant !== undefined
        ? `; did you mean \`${meant}\`?`
        : names.length === 0
          ? '; a server is written as a URL, such as `http://127.0.0.1:8000`'
          : `; there is ${names.map((name) => `\`${name}\``).join(', ')}`;
    return [
      {
        path: ['routes', i, 'proxy', ...(isRecord(proxy) ? ['to'] : [])],
        at: 'value',
        message: `there is no upstream \`${to}\`${help}`,
      },
    ];
  });
}

/** Roots of files that are not there, are no directory or may not be read. */
export function unusableRoots({ routes }: RuntimeConfig): Mistake[] {
  return routes.flatMap(({ end }, i): Mistake[] => {
    const problem = end.kind === 'files' ? directoryProblem(end.options.root) : undefined;
    return problem === undefined
      ? []
      : [{ path: ['routes', i, 'files', 'root'], at: 'value', message: problem }];
  });
}

function directoryProblem(root: string): string | undefined {
  try {
    if (!statSync(root).isDirectory()) return `the root ${root} is not a directory`;
    accessSync(root, constants.R_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return `the root ${root} does not exist`;
    if (code === 'EACCES') return `the root ${root} may not be read`;
    return `the root ${root} cannot be used (${code})`;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
