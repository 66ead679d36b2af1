import { z } from 'zod';
import { normalisePath, validAuthority } from '../../http/target.ts';
import type { ElasticBounds } from './elastic-body.ts';
import { isServerUrl, parseServerUrl } from '../../upstream/server-url.ts';
import { mirrorSchema } from './mirror-schema.ts';
import type { MirrorOptions, Units } from './mirror-schema.ts';
import { splitSchema } from './split-schema.ts';
import type { SplitOptions } from './split-schema.ts';

/** What the `proxy` end of a route does: passes requests on to an upstream. Built by the configuration, read by the handler. */
export interface ProxyOptions {
  /** Name of the upstream (`UpstreamOptions.name`). */
  readonly to: string;
  /** Which requests go to other upstreams than that. */
  readonly split?: SplitOptions | undefined;
  /** Where copies of the requests go, whichever upstream has the request itself. */
  readonly mirror?: MirrorOptions | undefined;
  /** Taken off the front of the request's path before it is sent on, e.g. `/api`. */
  readonly stripPrefix?: string | undefined;
  /** Put before the path that is sent on, e.g. `/app`. */
  readonly addPrefix?: string | undefined;
  /** Changes the path by a regular expression, between the two. `to` may hold `$1`, and a query behind `?`. */
  readonly rewrite?: { readonly regex: string; readonly to: string } | undefined;
  /** Whether places on the upstream in Location, Content-Location and Refresh are made true for the client. */
  readonly rewriteLocation: boolean;
  /** Domains and path prefixes of the upstream's cookies, and what stands for them at the client. */
  readonly cookies?:
    | {
        /** In lower case; the empty string leaves the attribute out. */
        readonly domain: Readonly<Record<string, string>>;
        readonly path: Readonly<Record<string, string>>;
      }
    | undefined;
  /** Follow redirects of the upstream that stay on it, for these methods, at most `max` times a request. */
  readonly followRedirects?: { readonly max: number; readonly methods: readonly string[] } | undefined;
  /** The Host field sent on: the client's (`preserve`), the server's own authority (`upstream`), or this very value. */
  readonly host: 'preserve' | 'upstream' | (string & {});
  /** Whether clients may change to another protocol, such as WebSocket, where the upstream agrees. */
  readonly upgrade: boolean;
  /** Whether CONNECT is passed on, for an upstream that is itself a proxy. */
  readonly connect: boolean;
  /** Whether an answer of ours that stands for the upstream's says why, in Proxy-Status (RFC 9209). */
  readonly proxyStatus: boolean;
  /** Which fields tell the upstream about the client: X-Forwarded-For, -Proto and -Host, `Forwarded` (RFC 7239), both, none. */
  readonly forwarded: 'x-forwarded' | 'forwarded' | 'both' | 'off';
  readonly buffer: {
    /**
     * `auto`: a chunked request body is collected (in memory, from 64 KiB on in a temporary file, bounded by
     * `limits.bodyBytes`) and sent with its length. `off`: it is streamed as it comes.
     */
    readonly request: 'auto' | 'off';
    /**
     * How many bytes of an answer may wait for a slow client, so that the server behind is done with it; undefined where
     * it is streamed at the pace of the client.
     */
    readonly response?: ElasticBounds | undefined;
  };
}

/** An upstream's name, or the URL of the one server that there is; the latter is made an upstream by the configuration. */
const to = z
  .string()
  .min(1, 'expected the name of an upstream, or a URL')
  .superRefine((text, context) => {
    const problem = isServerUrl(text) ? parseServerUrl(text) : undefined;
    if (typeof problem === 'string') context.addIssue({ code: 'custom', message: problem });
  });

const DEFAULT_REDIRECTS = { max: 5, methods: ['GET', 'HEAD'] } as const;

const followRedirects = z
  .union([
    z.boolean(),
    z.strictObject({
      /** Redirects followed for one request, 1 to 20. Default 5. */
      max: z.int().min(1).max(20).default(DEFAULT_REDIRECTS.max),
      /** Methods of the requests whose redirects are followed. Default GET and HEAD. */
      methods: z
        .array(z.enum(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']))
        .min(1, 'expected at least one method')
        .default([...DEFAULT_REDIRECTS.methods]),
    }),
  ])
  .transform((value) => (value === true ? DEFAULT_REDIRECTS : value === false ? undefined : value));

const prefix = z
  .string()
  .regex(/^\/[^\s?#*]*[^\s?#*/]$/, 'expected a path such as `/api`, without a slash at its end')
  .refine((text) => normalisePath(text) === text, 'expected a path in its normal form');

const rewrite = z.strictObject({
  /** A regular expression; its first match in the path is replaced. */
  regex: z.string().refine((source) => {
    try {
      RegExp(source);
      return true;
    } catch {
      return false;
    }
  }, 'expected a regular expression'),
  /** `$1` stands for what the first group has matched. A query may follow; that of the request is added to it. */
  to: z.string().regex(/^[!$%&'()*+,\-./0-9:;=?@A-Z_a-z~<>]*$/, 'expected a path, with `$1` for groups'),
});

const cookiePath = z.string().regex(/^\/[^\x00-\x20;\x7f]*$/, 'expected a path such as `/app`');
const cookieDomain = z.string().regex(/^[A-Za-z0-9.-]+$/, 'expected a domain such as `example.com`');

const cookies = z.strictObject({
  /** Domains of the upstream's cookies → what stands in Domain at the client; the empty text leaves it out. */
  domain: z.record(cookieDomain.toLowerCase(), z.union([z.literal(''), cookieDomain])).default({}),
  /** Prefixes of the paths of the upstream's cookies → what stands there at the client. */
  path: z.record(cookiePath, cookiePath).default({}),
});

const proxyOptions = z.strictObject({
  /** The name of an upstream, or the URL of a server, or `unix:` and its socket. */
  to,
  /** Taken off the front of the request's path before it is sent on, e.g. `/api`. */
  stripPrefix: prefix.optional(),
  /** Changes the path, after `stripPrefix` and before `addPrefix`. */
  rewrite: rewrite.optional(),
  /** Put before the path that is sent on, e.g. `/app`. */
  addPrefix: prefix.optional(),
  /** Make places on the upstream in Location, Content-Location and Refresh true for the client. Default true. */
  rewriteLocation: z.boolean().default(true),
  /** Domains and paths of the upstream's cookies that are others for the client. */
  cookies: cookies.optional(),
  /** Follow redirects of the upstream that stay on it. Default: pass them to the client. */
  followRedirects: followRedirects.optional(),
  /** The Host field sent on: `preserve` (default), `upstream`, or a host of your own. */
  host: z
    .string()
    .refine(validAuthority, { error: 'expected `preserve`, `upstream` or a host' })
    .default('preserve'),
  /** Which fields tell the upstream about the client: `x-forwarded` (default), `forwarded`, `both` or `off`. */
  forwarded: z.enum(['x-forwarded', 'forwarded', 'both', 'off']).default('x-forwarded'),
  /** Let clients change to another protocol, such as WebSocket, where the upstream agrees. Default true. */
  upgrade: z.boolean().default(true),
  /** Pass CONNECT on, for an upstream that is itself a proxy. Default false: it is refused. */
  connect: z.boolean().default(false),
  /** Say in a Proxy-Status field (RFC 9209) why an upstream's answer is missing. Default true. */
  proxyStatus: z.boolean().default(true),
});

function bufferSchema(byteSize: Units['byteSize']) {
  const bounds = z.strictObject({
    /** Bytes of one answer that wait in memory. Default 64 KiB. */
    memory: byteSize.default(64 * 1024),
    /** Bytes that wait in a temporary file, where they do not fit into memory; 0 for no file. Default 1 GiB. */
    file: byteSize.default(2 ** 30),
  });
  return z
    .strictObject({
      /** `auto` (default): a chunked request body is collected and sent with its length. `off`: streamed. */
      request: z.enum(['auto', 'off']).default('auto'),
      /** `on`: answers are taken from the upstream as fast as it sends them. `off` (default): as the client takes them. */
      response: z
        .union([z.enum(['on', 'off']), bounds], {
          error: 'expected `on`, `off` or bounds such as `{ memory: 64KiB, file: 1GiB }`',
        })
        .default('off')
        .transform((value) => (value === 'off' ? undefined : value === 'on' ? bounds.parse({}) : value)),
    })
    .prefault({});
}

/** What a user may write under `proxy:`; a string alone is `to`. */
export function proxySchema(units: Units) {
  const options = proxyOptions
    .extend({
      buffer: bufferSchema(units.byteSize),
      /** Send some of the requests to other upstreams: by header, by cookie, by weight. */
      split: splitSchema(to).optional(),
      /** Send copies of the requests to another upstream, and throw its answers away. */
      mirror: mirrorSchema(to, units).optional(),
    })
    .superRefine(({ to: own, split, mirror }, context) => {
      if (mirror === undefined || !upstreamsOf({ to: own, split }).includes(mirror.to)) return;
      const message = `\`${mirror.to}\` gets requests of this route already: it would get them twice`;
      context.addIssue({ code: 'custom', path: ['mirror'], message });
    });
  return z.union([to.transform((text) => options.parse({ to: text })), options]);
}

/** Every upstream that a route names, each once, its own first. */
export function upstreamsOf({
  to: own,
  split,
  mirror,
}: Pick<ProxyOptions, 'to' | 'split' | 'mirror'>): string[] {
  const others = [...(split?.rules ?? []), ...(split?.shares ?? [])].map((each) => each.to);
  return [...new Set([own, ...others, ...(mirror === undefined ? [] : [mirror.to])])];
}
