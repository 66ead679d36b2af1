import { z } from 'zod';
import { REQUEST_VARIABLES, templateProblem } from '../../pipeline/template.ts';

/** The statuses that send a client elsewhere (RFC 9110 §15.4). */
export type RedirectStatus = 301 | 302 | 303 | 307 | 308;

/** What the `redirect` end of a route does. Built by the configuration, read by the handler. */
export interface RedirectOptions {
  /** The Location: an absolute URL or a path, with variables (`REQUEST_VARIABLES`). */
  readonly to: string;
  readonly status: RedirectStatus;
}

const to = z.string().superRefine((template, context) => {
  const problem = problemOf(template);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

/** What a user may write under `redirect:`; a string alone is `to`. */
export const redirectSchema = z.union([
  to.transform((template): RedirectOptions => ({ to: template, status: 302 })),
  z.strictObject({
    /** Where to: a URL or a path. `{uri}` (path and query), `{path}`, `{query}` (with its `?`), `{host}`, `{proto}` and others are the request's. */
    to,
    /** 301 and 308 may be remembered by browsers for ever; 307 and 308 keep the method. Default 302. */
    status: z.literal([301, 302, 303, 307, 308]).default(302),
  }),
]);

function problemOf(template: string): string | undefined {
  const problem = templateProblem(template, REQUEST_VARIABLES);
  if (problem !== undefined) return problem;
  if (template.startsWith('//'))
    return 'an address without a scheme could lead anywhere: write `https://…` or `/…`';
  if (/^(?:\/|\{uri\}|\{path\})/.test(template)) return undefined;
  const filledIn = template
    .replaceAll('{host}', 'host.example')
    .replaceAll('{proto}', 'https')
    .replaceAll(/\{[\w-]+\}/g, '');
  const scheme = URL.canParse(filledIn) ? new URL(filledIn).protocol : undefined;
  if (scheme === 'http:' || scheme === 'https:') return undefined;
  return 'expected a URL with `http://` or `https://`, or a path that starts with `/`';
}
