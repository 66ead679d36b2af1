/** What the `files` end of a route does: serves the files under a directory. Built by the configuration, read by the handler. */
export interface StaticOptions {
  /** Absolute path of the directory. */
  readonly root: string;
  /** Names tried, in order, when a directory is asked for. */
  readonly index: readonly string[];
  /** Answer a directory without an index file with a list of its entries. */
  readonly listing: boolean;
  /** Answer what is not found with the root's index file: for single-page applications. */
  readonly spa: boolean;
  /** Codings of which ready-made variants (`app.js.br`) may lie beside a file, best first. */
  readonly precompressed: readonly ('br' | 'zstd' | 'gzip')[];
  /** Whether files and directories whose name starts with a dot exist for the client. */
  readonly dotfiles: 'deny' | 'allow';
  /** Which symbolic links are followed: those that stay in the root, none, or all. */
  readonly symlinks: 'within-root' | 'deny' | 'follow';
  /** Taken off the front of the request's path before it is looked up in the root, e.g. `/static`. */
  readonly stripPrefix?: string | undefined;
}
