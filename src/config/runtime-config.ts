import type { HeadersOptions } from '../features/headers/schema.ts';
import type { LiveReloadOptions } from '../features/live-reload/schema.ts';
import type { ProxyOptions } from '../features/proxy/schema.ts';
import type { RedirectOptions } from '../features/redirect/schema.ts';
import type { RespondOptions } from '../features/respond/schema.ts';
import type { StaticOptions } from '../features/static/schema.ts';
import type { ForwardingFields } from '../http/forwarded.ts';
import type { UpstreamOptions } from '../upstream/schema.ts';

/** Where to listen. */
export type ListenAddress =
  | {
      readonly kind: 'tcp';
      /** As the user wrote it, e.g. `:8080`. */
      readonly address: string;
      /** IP address (IPv6 without brackets) or host name; undefined listens on every address of the machine. */
      readonly host: string | undefined;
      /** 0 takes any free port; the supervisor replaces it by a real one before several workers listen. */
      readonly port: number;
    }
  | {
      readonly kind: 'unix';
      /** As the user wrote it, e.g. `unix:/run/dreamserver.sock`. */
      readonly address: string;
      /** Absolute path of the socket. */
      readonly path: string;
    };

/** Where connections are accepted, and how they begin. */
export type ListenerConfig = ListenAddress & {
  /** Whether a proxy in front says first whose connection it is. */
  readonly proxyProtocol: boolean;
};

/** Which requests a route takes; what is undefined matches everything. */
export interface MatchConfig {
  /** `example.com`, `example.com:8080`, `*.example.com`. */
  readonly host: string | undefined;
  /** `/health`, `/api/*`. */
  readonly path: string | undefined;
}

/** What produces a route's answer: exactly one of these. */
export type RouteEnd =
  | { readonly kind: 'files'; readonly options: StaticOptions }
  | { readonly kind: 'proxy'; readonly options: ProxyOptions }
  | { readonly kind: 'redirect'; readonly options: RedirectOptions }
  | { readonly kind: 'respond'; readonly options: RespondOptions };

/** What stands before a route's end; a feature that is undefined is not there. */
export interface FeaturesConfig {
  readonly headers: HeadersOptions | undefined;
  readonly liveReload: LiveReloadOptions | undefined;
}

export interface RouteConfig {
  readonly match: MatchConfig;
  readonly features: FeaturesConfig;
  readonly end: RouteEnd;
}

export interface AccessLogConfig {
  /** Absolute path of the file; undefined is standard output. */
  readonly path: string | undefined;
  readonly format: 'dream' | 'json' | 'combined';
}

/** The memory in which files are kept, for all workers. */
export interface FileCacheConfig {
  /** In bytes; 0 for none. */
  readonly size: number;
  /** Files of which something is known. */
  readonly entries: number;
  /** Whether the directories of these files are watched for changes. */
  readonly watch: boolean;
}

/** Bounds on what clients may use; sizes in bytes. */
export interface LimitsConfig {
  /** Connections open at once, over all workers; a server allows fewer where it may not open so many files. */
  readonly connections: number;
  readonly headerBytes: number;
  /** Number of header fields. */
  readonly headers: number;
  readonly uriBytes: number;
  readonly bodyBytes: number;
  /** Requests that one connection may make; 0 for any number. */
  readonly requestsPerConnection: number;
  /** Bytes per second that a client keeps up, past `bodyIdle` or `writeStall`; 0 for none. */
  readonly minDataRate: number;
}

/** How long a client's connection is waited for, in milliseconds; 0 waits for ever, unless said otherwise. */
export interface TimeoutsConfig {
  /** From the first byte of a request to the end of its head. */
  readonly headers: number;
  /** Between two pieces of a request body. */
  readonly bodyIdle: number;
  /** Between two requests. */
  readonly keepAlive: number;
  /** While the client takes nothing of an answer. */
  readonly writeStall: number;
  /** While nothing passes through a tunnel, such as a WebSocket, either way. */
  readonly tunnel: number;
  /** From the signal to stop until what is still in flight is cut off; 0 cuts off at once. */
  readonly shutdown: number;
}

/**
 * The configuration as the server runs it: validated, every default filled in, durations in milliseconds, sizes in
 * bytes, paths absolute. Plain data that can be posted to a worker thread; who reads it needs neither zod nor yaml.
 */
export interface RuntimeConfig {
  readonly listeners: readonly ListenerConfig[];
  readonly upstreams: readonly UpstreamOptions[];
  readonly routes: readonly RouteConfig[];
  readonly accessLog: AccessLogConfig;
  readonly fileCache: FileCacheConfig;
  readonly limits: LimitsConfig;
  /** What clients may get wrong. */
  readonly lenient: UpstreamOptions['lenient'];
  readonly timeouts: TimeoutsConfig;
  /** Proxies before this server whose forwarding fields are believed. */
  readonly trustedProxies: {
    /** IP addresses, CIDR ranges, `unix`. */
    readonly addresses: readonly string[];
    readonly fields: ForwardingFields;
  };
  /** Value of the Server field, `DreamServer/<version>`; undefined when it is turned off. */
  readonly serverHeader: string | undefined;
  /** Threads that serve; `auto` is one a core. */
  readonly workers: 'auto' | number;
}
