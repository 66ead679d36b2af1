/** Paths that a cell asks for instead of one. */
export interface ManyPaths {
  /** Names the file of them. */
  name: string;
  /** Writes what has to be there below the root of the servers. */
  prepare(root: string): void;
  /** The paths in the order in which they are asked for, one a line, the same in every run of the bench. */
  sequence(): string;
  /** A request for each path, and what must come back: asked before the load. */
  questions(authority: string): Iterable<{ request: Buffer; expected: Buffer }>;
}
