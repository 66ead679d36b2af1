import type { Cell } from '../cells/cell.ts';
import { references } from '../summary.ts';
import { caddy } from './caddy.ts';
import { dreamserver } from './dreamserver.ts';
import { haproxy } from './haproxy.ts';
import { httpProxy, httpxy } from './libraries.ts';
import { nginx } from './nginx.ts';
import { nodeHttp } from './node-http.ts';
import type { Peer } from './peer.ts';

/** In the order in which they take their turns. */
export const peers: readonly Peer[] = [dreamserver, nginx, haproxy, caddy, nodeHttp, httpProxy, httpxy];

export function takesPart(peer: Peer, cell: Cell): boolean {
  if (!peer.kinds.includes(cell.kind)) return false;
  if (cell.workers > 1 && peer.oneWorker) return false;
  return cell.field === 'all' || peer.id === dreamserver.id || references.includes(peer.id);
}
