/** 10,000 paths, each with a route of its own: those of a hundred teams with a hundred services each. */
import { head } from './cell.ts';
import type { ManyPaths } from './many-paths.ts';
import { payloads } from './payloads.ts';

const teams = 100;
const servicesOfTeam = 100;

/** What a route takes: paths that begin so. */
export const routePrefixes: readonly string[] = Array.from(
  { length: teams * servicesOfTeam },
  (_, i) => `/teams/team-${Math.floor(i / servicesOfTeam)}/service-${i % servicesOfTeam}/`,
);

export const routePath = (index: number): string => `${routePrefixes[index]}status`;

export const manyRoutes: ManyPaths = {
  name: 'routes',
  prepare() {},
  sequence() {
    // All of them, neighbours far from each other: 7919 is a prime that does not divide their number.
    return routePrefixes.map((_, i) => routePath((i * 7919) % routePrefixes.length)).join('\n');
  },
  *questions(authority) {
    for (let i = 0; i < routePrefixes.length; i++) {
      yield { request: head('GET', routePath(i), authority, []), expected: payloads['1k.bin'] };
    }
  },
};
