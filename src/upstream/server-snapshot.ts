import type { UpstreamServer } from './schema.ts';
import type { AdminState } from './server-list.ts';
import type { ServerState } from './server-state.ts';

/** A server of an upstream as it is at one moment, over all workers. */
export interface ServerSnapshot {
  /** Where a name is looked up in the background, each of its addresses is a server; it is one itself while it has none. */
  readonly url: string;
  /** False for a name that has no address. */
  readonly resolved: boolean;
  /** Of an address that was found: the URL with the name that it was found for. */
  readonly foundFor: string | undefined;
  readonly weight: number;
  readonly backup: boolean;
  /** What the operator wants of it. */
  readonly state: AdminState;
  /** What the health checks say; true where there are none. */
  readonly healthy: boolean;
  /** In how many workers it is ejected. */
  readonly ejected: number;
  /** Requests and tunnels that it is busy with. 0 for one that is draining: it can go. */
  readonly active: number;
  /** Connections to it, those included that are kept for later; tunnels are not among them. */
  readonly connections: number;
}

/** What one thread knows. */
export function snapshotOf(state: ServerState): ServerSnapshot {
  const { server, adminState, healthy, ejected, active, pool } = state;
  const { url, foundFor, weight, backup } = server;
  return {
    url,
    resolved: true,
    foundFor,
    weight,
    backup,
    state: adminState,
    healthy,
    ejected: ejected ? 1 : 0,
    active,
    connections: pool.open,
  };
}

/** What there is to know of a name that has no address. */
export function snapshotOfName({ url, weight, backup }: UpstreamServer, state: AdminState): ServerSnapshot {
  const idle = { healthy: true, ejected: 0, active: 0, connections: 0 };
  return { url, resolved: false, foundFor: undefined, weight, backup, state, ...idle };
}

/** What several threads know, taken together. */
export function mergeSnapshots(threads: readonly (readonly ServerSnapshot[])[]): ServerSnapshot[] {
  const merged = new Map<string, ServerSnapshot>();
  for (const each of threads.flat()) {
    const other = merged.get(each.url);
    merged.set(each.url, other === undefined ? each : together(other, each));
  }
  return [...merged.values()];
}

function together(some: ServerSnapshot, others: ServerSnapshot): ServerSnapshot {
  return {
    ...some,
    healthy: some.healthy && others.healthy,
    ejected: some.ejected + others.ejected,
    active: some.active + others.active,
    connections: some.connections + others.connections,
  };
}
