import type { AdminState } from './server-list.ts';
import type { ServerState } from './server-state.ts';

/** A server of an upstream as it is at one moment, over all workers. */
export interface ServerSnapshot {
  /** Where a name is looked up in the background, each of its addresses is a server. */
  readonly url: string;
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
