import type { RequestHead } from '../../http/head.ts';

/** What a balancer looks at in a server. */
export interface Candidate {
  /** Tells the server from the others, the same after a restart and in every worker. */
  readonly id: string;
  /** Share of the requests, relative to the weights of the others; more than 0. */
  readonly weight: number;
  /** Requests that it is busy with. */
  readonly active: number;
  /** Whether it may get another one now. */
  readonly usable: boolean;
}

/** What a balancer may look at in a request: only those that choose by it do. */
export interface RequestOrigin {
  readonly request: RequestHead;
  /** As trusted proxies before us tell it. */
  readonly clientAddress: string;
  /** `https` where the client came over TLS, as trusted proxies before us tell it. */
  readonly client: { readonly scheme: string };
}

/** A way of choosing a server. */
export interface Balancer<T extends Candidate> {
  /** These are the servers from now on. */
  update(servers: readonly T[]): void;
  /** A usable server that is not among those tried already; undefined when there is none. Allocates nothing. */
  choose(origin: RequestOrigin, tried: readonly T[]): T | undefined;
}

/** Whether this server may get a request that those `tried` could not serve. */
export function mayTake<T extends Candidate>(server: T, tried: readonly T[]): boolean {
  return server.usable && (tried.length === 0 || !tried.includes(server));
}
