/** The statuses that send a client elsewhere (RFC 9110 §15.4). */
export type RedirectStatus = 301 | 302 | 303 | 307 | 308;

/** What the `redirect` end of a route does. Built by the configuration, read by the handler. */
export interface RedirectOptions {
  /** The Location: an absolute URL or a path, with `{uri}`, `{path}`, `{query}` and `{host}` standing for the request's. */
  readonly to: string;
  readonly status: RedirectStatus;
}
