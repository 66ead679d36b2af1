import { z } from 'zod';
import { validAuthority } from '../../http/target.ts';
import { isServerUrl, parseServerUrl } from '../../upstream/server-url.ts';

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

const DEFAULT_REDIRECTS = 5;

const followRedirects = z
  .union([
    z.boolean(),
    z.strictObject({
      /** Redirects followed for one request, 1 to 20. Default 5. */
      max: z.int().min(1).max(20).default(DEFAULT_REDIRECTS),
    }),
  ])
  .transform((value) => (value === true ? { max: DEFAULT_REDIRECTS } : value === false ? undefined : value));

const proxyOptions = z.strictObject({
  /** The name of an upstream, or the URL of a server, or `unix:` and its socket. */
  to,
  /** Taken off the front of the request's path before it is sent on, e.g. `/api`. */
  stripPrefix: z
    .string()
    .regex(/^\/[^\s?#*]*[^\s?#*/]$/, 'expected a path such as `/api`, without a slash at its end')
    .optional(),
  /** Follow redirects of the upstream that stay on it, for GET and HEAD. Default: pass them to the client. */
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
  buffer: z
    .strictObject({
      /** `auto` (default): a chunked request body is collected and sent with its length. `off`: streamed. */
      request: z.enum(['auto', 'off']).default('auto'),
      response: z
        .literal('off', { error: 'buffering of responses is not available in this version' })
        .optional(),
    })
    .prefault({})
    .transform(({ request }) => ({ request })),
});

/** What a user may write under `proxy:`; a string alone is `to`. */
export const proxySchema = z.union([to.transform((text) => proxyOptions.parse({ to: text })), proxyOptions]);
