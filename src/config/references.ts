import { parseHostPattern, parsePathPattern } from '../router/pattern.ts';
import { isServerUrl } from '../upstream/server-url.ts';
import type { ConfigPath } from './config-path.ts';
import { didYouMean } from './did-you-mean.ts';
import type { Mistake } from './mistakes.ts';

/**
 * Routes that name an upstream that is not there. Looks at what the user wrote, whatever its shape, so that these
 * mistakes are told together with those that the schema finds.
 */
export function unknownUpstreams(config: unknown): Mistake[] {
  if (!isRecord(config) || !Array.isArray(config.routes)) return [];
  const names = isRecord(config.upstreams) ? Object.keys(config.upstreams) : [];
  return config.routes.flatMap((route: unknown, i): Mistake[] => {
    const proxy = isRecord(route) ? route.proxy : undefined;
    const path = ['routes', i, 'proxy'];
    const named = [reference(proxy, path)];
    if (isRecord(proxy)) {
      const split = Array.isArray(proxy.split) ? proxy.split : [];
      named.push(...split.map((entry: unknown, j) => reference(entry, [...path, 'split', j])));
      named.push(reference(proxy.mirror, [...path, 'mirror']));
    }
    return named.flatMap(({ to, at }) => {
      if (typeof to !== 'string' || to === '' || isServerUrl(to) || names.includes(to)) return [];
      return [
        { path: at, at: 'value', message: `there is no upstream \`${to}\`${nearest(to, names)}` } as const,
      ];
    });
  });
}

/** The upstream that stands at `path`: alone, or as the `to` of a map. */
function reference(written: unknown, path: ConfigPath): { readonly to: unknown; readonly at: ConfigPath } {
  return isRecord(written) ? { to: written.to, at: [...path, 'to'] } : { to: written, at: path };
}

function nearest(to: string, names: readonly string[]): string {
  const meant = didYouMean(to, names);
  if (meant !== undefined) return `; did you mean \`${meant}\`?`;
  if (names.length === 0) return '; a server is written as a URL, such as `http://127.0.0.1:8000`';
  return `; there is ${names.map((name) => `\`${name}\``).join(', ')}`;
}

/** Routes that never get a request, since one before them takes the very same ones. Looks at what the user wrote, too. */
export function unreachableRoutes(config: unknown): Mistake[] {
  if (!isRecord(config) || !Array.isArray(config.routes)) return [];
  const first = new Map<string, number>();
  return config.routes.flatMap((route: unknown, i): Mistake[] => {
    const match = isRecord(route) ? matched(route.match) : undefined;
    if (match === undefined) return [];
    const before = first.get(match);
    if (before === undefined) {
      first.set(match, i);
      return [];
    }
    const message = `this route never gets a request: the ${ordinal(before)} one takes all that it matches`;
    return [{ path: ['routes', i], at: 'value', message }];
  });
}

/** The one spelling of what a route matches; undefined where it is not understood. */
function matched(match: unknown): string | undefined {
  if (match === undefined) return '* *';
  if (!isRecord(match)) return undefined;
  const { host = '*', path = '*', ...more } = match;
  if (typeof host !== 'string' || typeof path !== 'string' || Object.keys(more).length > 0) return undefined;
  try {
    const pattern = parsePathPattern(path);
    return `${parseHostPattern(host)} ${pattern.path}${pattern.prefix ? '*' : ''}`;
  } catch {
    // That is told by the schema.
    return undefined;
  }
}

function ordinal(index: number): string {
  return ['first', 'second', 'third'][index] ?? `${index + 1}th`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
