/** What the `proxy` end of a route does: passes requests on to an upstream. Built by the configuration, read by the handler. */
export interface ProxyOptions {
  /** Name of the upstream (`UpstreamOptions.name`). */
  readonly to: string;
  /** Taken off the front of the request's path before it is sent on, e.g. `/api`. */
  readonly stripPrefix?: string | undefined;
  /** Follow redirects of the upstream that stay on it, for GET and HEAD, at most `max` times a request. */
  readonly followRedirects?: { readonly max: number } | undefined;
  /** The Host field sent on: the client's (`preserve`), the server's own authority (`upstream`), or this very value. */
  readonly host: 'preserve' | 'upstream' | (string & {});
  /** Whether X-Forwarded-For, -Proto and -Host are sent. */
  readonly forwarded: 'x-forwarded' | 'off';
  readonly buffer: {
    /**
     * `auto`: a chunked request body is collected (in memory, from 64 KiB on in a temporary file, bounded by
     * `limits.bodyBytes`) and sent with its length. `off`: it is streamed as it comes.
     */
    readonly request: 'auto' | 'off';
  };
}
