import type { ServerName } from './servers.ts';
import { tableRows } from './static-case.ts';

export type Peer = Exclude<ServerName, 'DreamServer'>;
export const PEERS: readonly Peer[] = ['nginx', 'Caddy'];

/** What the page on compatibility says of one case, or of all answers with one status. */
export interface ListedDifference {
  /** A case by its title, or `every 304`. */
  readonly of: string;
  /** In what each peer differs there, as `difference` tells it. */
  readonly by: Readonly<Record<Peer, readonly string[]>>;
}

/** One section of the page: differences of one kind, and the verdict. */
export interface DifferenceSection {
  readonly title: string;
  /** Who is right: the text behind `**Right:**`, with the section of the RFC; undefined where it is missing. */
  readonly verdict: string | undefined;
  readonly differences: readonly ListedDifference[];
}

/** Reads the sections with tables of `docs/compat-static.md`. */
export function readDifferences(page: string): DifferenceSection[] {
  return page
    .split(/^(?=### )/m)
    .slice(1)
    .map((text) => ({
      title: text.slice(4, text.indexOf('\n')),
      verdict: /^\*\*Right:\*\* (.+(?:\n.+)*)/m.exec(text)?.[1],
      differences: tableRows(text).map(([of = '', nginx = '', caddy = '']) => ({
        of,
        by: { nginx: items(nginx), Caddy: items(caddy) },
      })),
    }));
}

function items(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, item]) => item);
}

const EVERY = /^every ([2-5]\d\d)$/;

/** What one peer is expected to differ in, case by case. */
export class ExpectedDifferences {
  readonly #byCase = new Map<string, readonly string[]>();
  /** By our status: what differs whenever we answer with it. */
  readonly #byStatus = new Map<number, readonly string[]>();
  readonly #used = new Set<number>();

  constructor(sections: readonly DifferenceSection[], peer: Peer) {
    for (const { of, by } of sections.flatMap(({ differences }) => differences)) {
      if (by[peer].length === 0) continue;
      const status = EVERY.exec(of)?.[1];
      if (status === undefined) this.#byCase.set(of, by[peer]);
      else this.#byStatus.set(Number(status), by[peer]);
    }
  }

  /** What is expected to differ where we answer `ours` and the peer `theirs`. */
  of(title: string, ours: number, theirs: number): string[] {
    const general = this.#byStatus.get(ours) ?? [];
    const special = this.#byCase.get(title) ?? [];
    if (special.some(isStatus)) return [...special];
    // A field can only differ where the status does not.
    const items = general.filter((item) => isStatus(item) || ours === theirs);
    if (items.length > 0) this.#used.add(ours);
    return [...items, ...special];
  }

  /** The statuses whose row has stood for no case so far. */
  get unused(): number[] {
    return [...this.#byStatus.keys()].filter((status) => !this.#used.has(status));
  }
}

function isStatus(item: string): boolean {
  return /^\d{3}$/.test(item);
}
