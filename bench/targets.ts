/** What DreamServer has to reach, as upper bounds. */
import type { CellKind } from './cells.ts';

/** CPU per request as a multiple of the peer's, in every cell of the kind. */
export const ratioTargets: readonly { kind: CellKind; peer: string; atMost: number }[] = [
  { kind: 'file', peer: 'nginx', atMost: 1.2 },
  { kind: 'coded', peer: 'nginx', atMost: 0.9 },
  { kind: 'proxy', peer: 'nginx', atMost: 1.3 },
  { kind: 'proxy', peer: 'haproxy', atMost: 1.3 },
];

export const startupMsTarget = 300;
export const bytesPerConnectionTarget = 8192;
