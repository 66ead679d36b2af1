import { z } from 'zod';
import { headersSchema } from '../features/headers/schema.ts';
import { liveReloadSchema } from '../features/live-reload/schema.ts';
import { proxySchema } from '../features/proxy/schema.ts';
import { redirectSchema } from '../features/redirect/schema.ts';
import { respondSchema } from '../features/respond/schema.ts';
import { staticSchema } from '../features/static/schema.ts';
import { parseHostPattern, parsePathPattern } from '../router/pattern.ts';
import { requestLeniency, upstreamSchema } from '../upstream/schema.ts';
import { parseListenAddress } from './address.ts';
import { defaultCacheSize } from './default-cache-size.ts';
import { byteSize, duration } from './units.ts';
import { MOST_WORKERS } from './workers-wanted.ts';

/** A key that is planned: it may be there only to say no, and so it is told apart from one that is misspelt. */
const notYet = (key: string) =>
  z.literal(false, { error: `\`${key}\` is not available in this version` }).optional();

const address = z.string().transform((text, context) => {
  const listener = parseListenAddress(text);
  if (typeof listener !== 'string') return listener;
  context.addIssue({ code: 'custom', message: listener });
  return z.NEVER;
});

const listener = z.union([
  address.transform((input) => ({ ...input, proxyProtocol: false })),
  z
    .strictObject({
      /** `:8080`, `127.0.0.1:8080`, `[::1]:8080`, `unix:/run/dreamserver.sock`. */
      address,
      /** Connections begin with the header of the PROXY protocol, version 1 or 2. For `trustedProxies` only. */
      proxyProtocol: z.boolean().default(false),
      tls: notYet('tls'),
    })
    .transform(({ address: where, proxyProtocol }) => ({ ...where, proxyProtocol })),
]);

/** Text that a parser of the router's has to take. */
const pattern = (parse: (text: string) => unknown) =>
  z.string().superRefine((text, context) => {
    try {
      parse(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
    }
  });

const match = z.strictObject({
  /** `example.com` (any port), `example.com:8080`, `*.example.com` (every name below). Default: any. */
  host: pattern(parseHostPattern).optional(),
  /** `/health` (that path alone), `/api/*` (`/api` and everything below). Default: all. */
  path: pattern(parsePathPattern).optional(),
  method: notYet('method'),
  header: notYet('header'),
  query: notYet('query'),
  clientIp: notYet('clientIp'),
});

const ENDS = ['files', 'proxy', 'redirect', 'respond'] as const;

const plannedFeatures = {
  rateLimit: notYet('rateLimit'),
  basicAuth: notYet('basicAuth'),
  jwt: notYet('jwt'),
  forwardAuth: notYet('forwardAuth'),
  ipFilter: notYet('ipFilter'),
  bodyLimit: notYet('bodyLimit'),
  cors: notYet('cors'),
  securityHeaders: notYet('securityHeaders'),
  compress: notYet('compress'),
  cache: notYet('cache'),
};

const defaults = z.strictObject({
  ...plannedFeatures,
  /** Change fields of the request and of the answer. */
  headers: headersSchema.optional(),
});

const route = z
  .strictObject({
    /** Which requests. Default: all. */
    match: match.prefault({}),
    /** Serve the files under a directory. */
    files: staticSchema(byteSize).optional(),
    /** Pass requests on to an upstream. */
    proxy: proxySchema({ byteSize, duration }).optional(),
    /** Send clients elsewhere. */
    redirect: redirectSchema.optional(),
    /** Give the same answer to everyone. */
    respond: respondSchema.optional(),
    ...plannedFeatures,
    /** Change fields of the request and of the answer; `false` for none where `defaults` has some. */
    headers: z.union([headersSchema, z.literal(false)]).optional(),
    /** Have pages loaded anew when something in these directories changes: for those who write them. */
    liveReload: liveReloadSchema.optional(),
  })
  .superRefine((value, context) => {
    const ends = ENDS.filter((end) => value[end] !== undefined);
    if (ends.length === 1) return;
    // A misspelt end has been said already.
    if (ends.length === 0 && context.issues.some((issue) => issue.code === 'unrecognized_keys')) return;
    const has = ends.length === 0 ? 'none' : ends.map((end) => `\`${end}\``).join(' and ');
    context.addIssue({
      code: 'custom',
      path: ends.length === 0 ? [] : [ends[1]],
      params: { at: 'key' },
      message: `a route has exactly one of ${ENDS.map((end) => `\`${end}\``).join(', ')}; this one has ${has}`,
    });
  });

const accessLog = z.strictObject({
  /** The file, relative to the configuration file. Default: standard output. */
  path: z.string().min(1, 'expected a file').optional(),
  /** `dream` (default), `json` or `combined`. */
  format: z.enum(['dream', 'json', 'combined']).default('dream'),
});

const between = (low: number, high: number) =>
  byteSize.pipe(
    z.number().min(low, `expected at least ${low} bytes`).max(high, `expected at most ${high} bytes`),
  );

/** The smallest cache that is worth its records. */
const LEAST_CACHE = 2 ** 20;

const fileCache = z.strictObject({
  /** Memory for files, of all workers together. Default an eighth of the machine's or container's, 2GiB at the most; `0` keeps none. */
  size: byteSize
    .pipe(
      z.number().refine((size) => size === 0 || size >= LEAST_CACHE, {
        error: 'expected at least `1MiB`, or `0` for no cache',
      }),
    )
    .default(defaultCacheSize),
  /** Files of which something is known, be their bytes there or not. Records take a quarter of `size` at most. Default 131072. */
  entries: z
    .int()
    .min(1)
    .max(2 ** 24)
    .default(131_072),
  /** Watch the directories of these files for changes, so that one is seen at once. Default true. */
  watch: z.boolean().default(true),
});

const limits = z.strictObject({
  /**
   * Client connections open at once, over all workers; one more gets a 503. Fewer where the system lets the process open too
   * few files for them, which the event log tells. Default 10000.
   */
  connections: z.int().min(1).default(10_000),
  connectionsPerIp: z.literal(0, { error: '`connectionsPerIp` is not available in this version' }).optional(),
  /** Size of a request's head. Default 32KiB. */
  headerBytes: between(1024, 2 ** 20).default(32_768),
  /** Number of header fields. Default 100. */
  headers: z.int().min(1).max(10_000).default(100),
  /** Length of the request target. Default 8KiB. */
  uriBytes: between(64, 2 ** 20).default(8192),
  /** Size of a request's body. Default 1GiB. */
  bodyBytes: byteSize.default(2 ** 30),
  /** Requests that one connection may make; the last one's answer says `Connection: close`. Default 0: any number. */
  requestsPerConnection: z.int().min(0).default(0),
  /**
   * Bytes per second that a client has to keep up, on average, once it has used up the patience of `bodyIdle` in sending
   * a body, or of `writeStall` in taking an answer. Default 240; 0 asks for none.
   */
  minDataRate: byteSize.default(240),
});

const timeouts = z.strictObject({
  /** From a request's first byte to the end of its head. Default 10s. */
  headers: duration.default(10_000),
  /** Between two pieces of a request body. Default 30s. */
  bodyIdle: duration.default(30_000),
  /** Between two requests. Default 60s. */
  keepAlive: duration.default(60_000),
  /** While the client takes nothing of its answer. Default 30s. */
  writeStall: duration.default(30_000),
  /** While nothing passes through a tunnel, such as a WebSocket, either way. Default 1h. */
  tunnel: duration.default(3_600_000),
  /** From the signal to stop until what is in flight is cut off. Default 30s. */
  shutdown: duration.default(30_000),
});

const addressRange = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6(), z.literal('unix')], {
  error: 'expected an IP address, a range such as `10.0.0.0/8`, or `unix`',
});

const trustedProxies = z.union([
  z.array(addressRange).transform((addresses) => ({ addresses, fields: 'x-forwarded' as const })),
  z.strictObject({
    /** IP addresses and ranges; `unix` for whoever comes by a unix socket. */
    addresses: z.array(addressRange),
    /**
     * Which fields they write: `x-forwarded` (default) or `forwarded`. The others are not believed: a proxy passes on
     * what it does not know, and so that may be the client's own.
     */
    fields: z.enum(['x-forwarded', 'forwarded']).default('x-forwarded'),
  }),
]);

const keys = z.strictObject({
  /** Where connections are accepted. Default `[":8080"]`. */
  listeners: z
    .array(listener)
    .min(1, 'at least one listener is needed')
    .superRefine((listeners, context) => {
      const seen = new Set<string>();
      for (const [i, { address: text }] of listeners.entries()) {
        if (seen.has(text) && !text.endsWith(':0')) {
          context.addIssue({ code: 'custom', path: [i], message: `\`${text}\` is there already` });
        }
        seen.add(text);
      }
    })
    .prefault([':8080']),
  /** Groups of servers that requests are passed on to, by name. */
  upstreams: z
    .record(
      z.string().regex(/^[\w.-]+$/, "an upstream's name is made of letters, digits, `_`, `.` and `-`"),
      upstreamSchema(duration),
    )
    .default({}),
  /** Features of every route that does not say otherwise: it has its own, or `false`. */
  defaults: defaults.prefault({}),
  /** What is done with which requests: the most specific host wins, then the most specific path, then the order. */
  routes: z.array(route).min(1, 'at least one route is needed'),
  accessLog: accessLog.prefault({}),
  /** Memory in which files of `files` routes are kept. */
  fileCache: fileCache.prefault({}),
  /** What clients may use. */
  limits: limits.prefault({}),
  /** Mistakes of clients that are let pass. Default: none. */
  lenient: requestLeniency,
  /** How long clients are waited for; `0` waits for ever. */
  timeouts: timeouts.prefault({}),
  /** Proxies in front of this one whose forwarding fields are believed. */
  trustedProxies: trustedProxies.prefault([]),
  /** Whether answers carry `Server: DreamServer/<version>`. Default true. */
  serverHeader: z.boolean().default(true),
  /** Threads that serve: `auto` is one a core. */
  workers: z
    .union([z.literal('auto'), z.int().min(1).max(MOST_WORKERS)], {
      error: 'expected `auto` or a number of threads',
    })
    .default('auto'),
  admin: notYet('admin'),
  tracing: notYet('tracing'),
  use: notYet('use'),
});

/** The whole configuration, as users write it in YAML, JSON or TypeScript. */
export const configSchema = keys.superRefine(({ listeners, trustedProxies: trusted }, context) => {
  if (trusted.addresses.length > 0) return;
  for (const [i, { proxyProtocol }] of listeners.entries()) {
    if (!proxyProtocol) continue;
    const message = '`proxyProtocol` is for `trustedProxies`, and there are none';
    context.addIssue({ code: 'custom', path: ['listeners', i, 'proxyProtocol'], message });
  }
});

/** A configuration as users write it. */
export type Config = z.input<typeof configSchema>;

/** A configuration as the schema has understood it, before paths are resolved and upstreams are gathered. */
export type ParsedConfig = z.output<typeof configSchema>;
