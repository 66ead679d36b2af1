/** One server of an upstream. */
export interface UpstreamServer {
  /** Scheme, host and port as a URL without a path, e.g. `http://10.0.0.1:8000`. */
  readonly url: string;
  /** Host name or IP address (IPv6 without brackets). */
  readonly hostname: string;
  readonly port: number;
  /** Host and port as they stand in a Host field: the port is left out when it is the scheme's own. */
  readonly authority: string;
  /** Share of the requests, relative to the weights of the others. At least 1. */
  readonly weight: number;
}

/** A group of servers that answer alike. Built by the configuration. All times in milliseconds. */
export interface UpstreamOptions {
  /** The key under `upstreams:`, or the URL for an upstream that was written in place. */
  readonly name: string;
  readonly servers: readonly UpstreamServer[];
  readonly resolve: {
    /** Host name in lower case → IP address, looked at before the system is asked. */
    readonly static: Readonly<Record<string, string>>;
  };
  readonly pool: {
    /** Connections to one server of the upstream, per thread. */
    readonly max: number;
    /** How long an unused connection is kept. */
    readonly idleTimeout: number;
  };
  readonly timeouts: {
    readonly connect: number;
    /** From the request's last byte to the answer's first. */
    readonly firstByte: number;
    /** Between two pieces of the answer. */
    readonly idle: number;
  };
}
