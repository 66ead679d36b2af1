import { caddy } from './caddy.ts';
import { dreamserver } from './dreamserver.ts';
import { haproxy } from './haproxy.ts';
import { nginx } from './nginx.ts';
import { nodeHttp } from './node-http.ts';
import type { Peer } from './peer.ts';

/** In the order in which they take their turns within a round. */
export const peers: readonly Peer[] = [dreamserver, nginx, haproxy, caddy, nodeHttp];
