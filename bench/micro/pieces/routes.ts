import { compileRoutes } from '../../../src/router/route-table.ts';
import { routePath, routePrefixes } from '../../cells/routes.ts';
import type { Piece } from './piece.ts';

const count = routePrefixes.length;
const routes = routePrefixes.map((prefix, value) => ({ path: `${prefix}*`, value }));
const hosts = routePrefixes.map((_, value) => ({ host: `site-${value}.example.com`, path: '/*', value }));
// As a server has it: cut out of a text, and not the very string that the table holds.
const text = routePrefixes.map((_, i) => routePath((i * 7919) % count)).join(' ');
const authorities = hosts.slice(0, 500).map(({ host }) => host);
const byPath = compileRoutes(routes);
const byHost = compileRoutes(hosts);

/** A route among 10,000, found by its path or by its host. */
export const routePieces: readonly Piece[] = [
  {
    title: `a route of ${count} paths`,
    times: count,
    figure: (micros) => micros * 1000,
    unit: 'ns',
    run() {
      let from = 0;
      for (let i = 0; i < count; i++) {
        const to = text.indexOf(' ', from);
        const path = to < 0 ? text.slice(from) : text.slice(from, to);
        if (byPath.find('localhost', path)?.value !== (i * 7919) % count) throw new Error(`lost: ${path}`);
        from = to + 1;
      }
    },
  },
  {
    title: `a route of ${count} hosts, 500 in use`,
    times: count,
    figure: (micros) => micros * 1000,
    unit: 'ns',
    run() {
      for (let i = 0; i < count; i++) {
        const which = i % authorities.length;
        if (byHost.find(authorities[which], '/')?.value !== which) throw new Error('lost a host');
      }
    },
  },
];
