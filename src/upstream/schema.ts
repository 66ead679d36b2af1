import { z } from 'zod';
import type { ProxyProtocolVersion } from '../net/encode-proxy-header.ts';
import type { TlsClientOptions } from '../net/tls-client.ts';
import { leniencyOf, REQUEST_LENIENCIES, RESPONSE_LENIENCIES } from '../http1/leniency.ts';
import type { Leniency } from '../http1/leniency.ts';
import { balanceSchema } from './balance/schema.ts';
import type { Balance } from './balance/schema.ts';
import type { QueueOptions } from './queue.ts';
import { breakerSchema } from './breaker-schema.ts';
import type { BreakerOptions } from './breaker-schema.ts';
import { ejectSchema } from './eject-schema.ts';
import type { EjectOptions } from './eject-schema.ts';
import { healthSchema } from './health-schema.ts';
import type { HealthOptions } from './health-schema.ts';
import { retrySchema } from './retry-schema.ts';
import type { RetryOptions } from './retry-schema.ts';
import { parseServerUrl } from './server-url.ts';
import type { ServerAddress } from './server-url.ts';
import { stickySchema } from './sticky-schema.ts';
import type { StickyOptions } from './sticky-schema.ts';
import { tlsSchema } from './tls-schema.ts';

/** One server of an upstream. */
export interface UpstreamServer extends ServerAddress {
  /** An IP address that was found for `hostname`, to connect to; undefined where that is still to be looked up. */
  readonly address?: string | undefined;
  /** Of one that was found in the background: the URL with the name that it was found for. */
  readonly foundFor?: string | undefined;
  /** Share of the requests, relative to the weights of the others. At least 1. */
  readonly weight: number;
  /** Used only when none of the servers that are no backups can be. */
  readonly backup: boolean;
  /** Requests in flight there at once, over all threads; undefined for what the upstream says. */
  readonly maxRequests: number | undefined;
}

/** A group of servers that answer alike. Built by the configuration. All times in milliseconds. */
export interface UpstreamOptions {
  /** The key under `upstreams:`, or the URL for an upstream that was written in place. */
  readonly name: string;
  readonly servers: readonly UpstreamServer[];
  readonly balance: Balance;
  /** Undefined: each request of a client goes where the balance has it. */
  readonly sticky: StickyOptions | undefined;
  /** For how long the share of a server grows that has come back; 0 gives it the whole at once. */
  readonly slowStart: number;
  /** When a request that failed is sent to another server. */
  readonly retry: RetryOptions;
  /** Undefined: a server that fails is tried again in its turn. */
  readonly eject: EjectOptions | undefined;
  /** Undefined: the circuit to a server never opens. */
  readonly breaker: BreakerOptions | undefined;
  /** Undefined: servers are not checked. */
  readonly health: HealthOptions | undefined;
  /** Requests in flight at once at each server that says no number of its own, over all threads; undefined for no limit. */
  readonly maxRequests: number | undefined;
  /** Requests that wait while every server has as many as `pool.max` or `maxRequests` allows. */
  readonly queue: QueueOptions;
  readonly resolve: {
    /** Host name in lower case → IP address, looked at before the system is asked. */
    readonly static: Readonly<Record<string, string>>;
    /** How often the names are looked up in the background; undefined: whenever a connection is made. */
    readonly interval: number | undefined;
    /** Whether the names are those of SRV records. */
    readonly srv: boolean;
    /** Name servers to ask, `10.0.0.1` or `10.0.0.1:8600`; none: the system's own way. */
    readonly nameservers: readonly string[];
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
  /** What the servers may get wrong in their answers. */
  readonly lenient: Leniency;
  /** How TLS is spoken with those servers that do. */
  readonly tls: TlsClientOptions;
  /** The version of the PROXY protocol in which each connection says for which client it is; undefined for none. */
  readonly proxyProtocol: ProxyProtocolVersion | undefined;
}

/** A server's URL as a user writes it. */
const serverUrl = z.string().transform((text, context) => {
  const server = parseServerUrl(text);
  if (typeof server !== 'string') return server;
  context.addIssue({ code: 'custom', message: server });
  return z.NEVER;
});

const maxRequests = z.int().min(1).max(1_000_000).optional();

/** A server as a user writes it: a URL, or `{ url, weight, backup, maxRequests }`. */
export const serverSchema = z.union([
  serverUrl.transform((url): UpstreamServer => ({
    ...url,
    weight: 1,
    backup: false,
    maxRequests: undefined,
  })),
  z
    .strictObject({
      /** Scheme, host and port, e.g. `http://10.0.0.1:8000`, or `unix:/run/app.sock`. */
      url: serverUrl,
      /** Share of the requests, relative to the other servers. Default 1. */
      weight: z.int().min(1).max(1000).default(1),
      /** Use it only when none of the others can be used. Default false. */
      backup: z.boolean().default(false),
      /** Requests in flight there at once, over all workers. Default: that of the upstream. */
      maxRequests,
    })
    .transform(({ url, weight, backup, maxRequests: most }): UpstreamServer => ({
      ...url,
      weight,
      backup,
      maxRequests: most,
    })),
]);

const nameserver = z
  .string()
  .regex(
    /^(?:\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\]:\d{1,5}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+)$/,
    {
      error: 'expected the address of a name server, such as `10.0.0.1` or `10.0.0.1:8600`',
    },
  );

/**
 * The schema of one upstream, without its name. `duration` reads what users write (`3s`) into milliseconds: that
 * notation belongs to the configuration.
 */
export function upstreamSchema(duration: z.ZodType<number, string | number>) {
  return z
    .strictObject({
      /** URLs, or `{ url, weight, backup, maxRequests }`. */
      servers: z.array(serverSchema).min(1, 'an upstream has at least one server'),
      resolve: z
        .strictObject({
          /** Host names → IP addresses, looked at before the system is asked. */
          static: z
            .record(z.string().toLowerCase(), z.union([z.ipv4(), z.ipv6()], 'expected an IP address'))
            .default({}),
          /** How often names are looked up, in the background; every address is a server. Default: at each connect. */
          interval: duration.optional(),
          /** The names are those of SRV records. Default false. */
          srv: z.boolean().default(false),
          /** Name servers to ask instead of the system: `10.0.0.1`, `10.0.0.1:8600`, `[::1]:53`. */
          nameservers: z.array(nameserver).default([]),
        })
        .superRefine(({ interval, srv, nameservers }, context) => {
          const off = interval === undefined || interval === 0;
          for (const [key, used] of [
            ['srv', srv],
            ['nameservers', nameservers.length > 0],
          ] as const) {
            if (!used || !off) continue;
            const message = `\`${key}\` needs \`interval\`: only what is looked up in the background is looked up that way`;
            context.addIssue({ code: 'custom', path: [key], params: { at: 'key' }, message });
          }
        })
        .prefault({}),
      pool: z
        .strictObject({
          /** Connections to one server, for each worker. Default 256. */
          max: z.int().min(1).max(65_535).default(256),
          /** How long an unused connection is kept; less where the server closes it sooner. Default 60s. */
          idleTimeout: duration.default(60_000),
        })
        .prefault({}),
      timeouts: z
        .strictObject({
          /** Until the connection stands. Default 3s. */
          connect: duration.default(3_000),
          /** From the request's last byte to the answer's first. Default 60s. */
          firstByte: duration.default(60_000),
          /** Between two pieces of the answer. Default 60s. */
          idle: duration.default(60_000),
        })
        .prefault({}),
      /** Mistakes in answers that are let pass: see `Leniency`. Default: none. */
      lenient: z.array(z.enum(RESPONSE_LENIENCIES)).default([]).transform(leniencyOf),
      /** `round-robin` (default), `least-requests`, `random-two`, or `{ hash: … }`. */
      balance: balanceSchema,
      /** For how long the share of a server grows that has come back. Default 0: it has the whole at once. */
      slowStart: duration.default(0),
      /** A cookie that keeps a client with the server that has served it. */
      sticky: stickySchema.optional(),
      /** How servers are checked; an unhealthy one gets no requests. Default: not at all. */
      health: healthSchema(duration).optional(),
      /** When a server that fails gets no requests for a while. Default: never. */
      eject: ejectSchema(duration).optional(),
      /** When the circuit to a server is broken for a while. Default: never. */
      breaker: breakerSchema(duration).optional(),
      /** Requests in flight at each server at once, over all workers. Default: no limit but `pool.max`. */
      maxRequests,
      /** When a request that failed is sent to another server; `false` for never, but where nothing was sent. */
      retry: retrySchema(duration),
      queue: z
        .strictObject({
          /** Requests that may wait while all servers are busy, for each worker. Default 1000. */
          size: z.int().min(0).max(1_000_000).default(1000),
          /** How long each may wait; 0 for ever. Default 5s. */
          timeout: duration.default(5_000),
        })
        .prefault({}),
      /** How TLS is spoken with the servers whose URL begins with `https:`. */
      tls: tlsSchema.optional(),
      /** `v1` or `v2` of the PROXY protocol: each connection says for which client it is, and is used for no other. */
      proxyProtocol: z.enum(['v1', 'v2']).optional(),
    })
    .superRefine(({ servers, tls }, context) => {
      if (tls === undefined || servers.some(({ secure }) => secure)) return;
      const message = '`tls` is for servers whose URL begins with `https:`; here is none';
      context.addIssue({ code: 'custom', path: ['tls'], params: { at: 'key' }, message });
    });
}

/** The schema of the mistakes in requests that are let pass: HTTP is spoken with clients as with servers. */
export const requestLeniency = z.array(z.enum(REQUEST_LENIENCIES)).default([]).transform(leniencyOf);
