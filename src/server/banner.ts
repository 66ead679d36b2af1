import { styleText } from 'node:util';
import type { RouteConfig, RuntimeConfig } from '../config/runtime-config.ts';
import type { ProxyOptions } from '../features/proxy/schema.ts';
import { WHOLE } from '../features/proxy/whole.ts';
import { version } from '../config/version.ts';
import type { BoundAddress } from './server.ts';
import { localUrl } from './urls.ts';

/** What a banner tells of a server that listens. */
export interface BannerFacts {
  readonly config: RuntimeConfig;
  readonly addresses: readonly BoundAddress[];
  readonly workers: number;
  readonly cannotShare: boolean;
}

/** Routes that are listed; of more, the number is told. */
const MOST_ROUTES = 12;
const MOST_SERVERS = 3;
const INDENT = '  ';
const LABEL_WIDTH = 11;

/**
 * What a server says when it has started: where it listens, what it does with which requests, where it logs. `network`:
 * the URLs for other machines, where they are to be told.
 */
export function banner(
  { config, addresses, workers, cannotShare }: BannerFacts,
  color: boolean,
  network: readonly string[] = [],
): string {
  const style = (format: 'bold' | 'cyan' | 'dim', text: string): string =>
    color ? styleText(format, text, { validateStream: false }) : text;
  const lines = [
    ...block(
      'listening',
      addresses.map((address) => style('cyan', localUrl(address))),
    ),
    ...block(
      'network',
      network.map((url) => style('cyan', url)),
    ),
    ...block('routes', routeLines(config)),
    ...block('log', [`${config.accessLog.path ?? 'stdout'} ${style('dim', `(${config.accessLog.format})`)}`]),
    ...block('workers', [
      cannotShare ? '1, since threads cannot share these listeners here' : String(workers),
    ]),
  ];
  return `\n${INDENT}${style('bold', 'DreamServer')} ${version}\n\n${lines.join('\n')}\n\n`;

  function block(label: string, values: readonly string[]): string[] {
    return values.map((value, i) => {
      const name = i === 0 ? label : '';
      return INDENT + style('dim', name.padEnd(LABEL_WIDTH)) + value;
    });
  }
}

function routeLines({ routes, upstreams }: RuntimeConfig): string[] {
  const shown = routes.slice(0, MOST_ROUTES);
  const patterns = shown.map(({ match }) => `${match.host ?? ''}${match.path ?? '/*'}`);
  const width = Math.max(...patterns.map((pattern) => pattern.length));
  const lines = shown.map((route, i) => `${patterns[i].padEnd(width)}  →  ${describe(route, upstreams)}`);
  const more = routes.length - shown.length;
  return more === 0 ? lines : [...lines, `and ${more} more`];
}

function describe({ end }: RouteConfig, upstreams: RuntimeConfig['upstreams']): string {
  switch (end.kind) {
    case 'files':
      return `files ${[end.options.root, ...end.options.furtherRoots].join(', ')}`;
    case 'proxy':
      return describeProxy(end.options, upstreams);
    case 'redirect':
      return `redirect ${end.options.status} ${end.options.to}`;
    case 'respond':
      return `respond ${end.options.status}`;
  }
}

/** Where requests go, which of them elsewhere, and where copies of them do: `proxy app, split to canary (5%), mirror to shadow`. */
function describeProxy({ to, split, mirror }: ProxyOptions, upstreams: RuntimeConfig['upstreams']): string {
  const parts = [`proxy ${to}${serversOf(upstreams, to)}`];
  for (const rule of split?.rules ?? []) {
    const names = [...rule.headers, ...rule.cookies].map(([name]) => name);
    parts.push(`split to ${rule.to} (${names.join(', ')})`);
  }
  for (const share of split?.shares ?? [])
    parts.push(`split to ${share.to} (${share.weight / (WHOLE / 100)}%)`);
  if (mirror !== undefined) {
    const share = mirror.share === 1 ? '' : ` (${Math.round(mirror.share * WHOLE) / (WHOLE / 100)}%)`;
    parts.push(`mirror to ${mirror.to}${share}`);
  }
  return parts.join(', ');
}

/** The servers of an upstream that has a name of its own. */
function serversOf(upstreams: RuntimeConfig['upstreams'], name: string): string {
  const servers = upstreams.find((upstream) => upstream.name === name)?.servers ?? [];
  if (servers.length === 1 && servers[0].url === name) return '';
  const shown = servers
    .slice(0, MOST_SERVERS)
    .map(({ authority, path, url }) => (path === undefined ? authority : url));
  return ` (${shown.join(', ')}${servers.length > MOST_SERVERS ? ', …' : ''})`;
}
