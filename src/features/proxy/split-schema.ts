import { z } from 'zod';
import { validField } from '../../http/header-list.ts';
import { percentage } from '../../upstream/retry-schema.ts';
import { WHOLE } from './whole.ts';

/** Requests that go to another upstream because of what they say. */
export interface SplitRule {
  readonly to: string;
  /** Names and whole values; all of them have to be there. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly cookies: readonly (readonly [name: string, value: string])[];
}

/** A part of the other requests. */
export interface SplitShare {
  readonly to: string;
  /** Parts of `WHOLE`. */
  readonly weight: number;
}

/** Which requests of a route go to other upstreams than the route's own. */
export interface SplitOptions {
  /** Looked at first, in this order. */
  readonly rules: readonly SplitRule[];
  /** Together at most `WHOLE`; what is left of it is for the route's own upstream. */
  readonly shares: readonly SplitShare[];
  /** What keeps a client on its side: `client-ip`, `header:NAME` or `cookie:NAME`. Undefined: each request by itself. */
  readonly by: string | undefined;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const KEY = new RegExp(`^(?:client-ip|(?:header|cookie):${TOKEN})$`);

/** Names and values. What a YAML reader takes for a number or a truth value is text to whoever writes it. */
const values = (what: string) => {
  const error = `expected the value of a ${what}`;
  return z.record(
    z.string().refine((name) => validField(name, 'x'), `expected the name of a ${what}`),
    z
      .union([z.string(), z.number(), z.boolean()], { error })
      .transform(String)
      .refine((value) => validField('x', value), { error }),
  );
};

/** What a user may write under `split:`. `to` reads the name of an upstream, or a URL. */
export function splitSchema(to: z.ZodType<string, string>) {
  const entry = z
    .strictObject({
      /** The upstream that these requests go to: its name, or the URL of its one server. */
      to,
      /** Names and values of fields; requests that have all of them. */
      header: values('header field').optional(),
      /** Names and values of cookies; requests that have all of them. */
      cookie: values('cookie').optional(),
      /** Share of the requests that no entry with `header` or `cookie` takes, e.g. `5%`. */
      weight: percentage.optional(),
      /** `client-ip`, `cookie:NAME` or `header:NAME`: the same side for the same value. Default: each request by itself. */
      by: z.string().regex(KEY, 'expected `client-ip`, `cookie:NAME` or `header:NAME`').optional(),
    })
    .superRefine(({ header, cookie, weight, by }, context) => {
      const rule = size(header) + size(cookie) > 0;
      const problem = (message: string, ...path: string[]): void =>
        context.addIssue({ code: 'custom', path, params: { at: 'key' }, message });
      // A misspelt key has been said already.
      const misspelt = context.issues.some((issue) => issue.code === 'unrecognized_keys');
      if (!rule && weight === undefined && !misspelt)
        problem('which requests? `header`, `cookie` or `weight` is missing');
      if (rule && weight !== undefined) {
        problem('`weight` is for an entry of its own: it shares what `header` and `cookie` leave', 'weight');
      }
      if (by !== undefined && weight === undefined) problem('`by` is for entries with a `weight`', 'by');
    });
  return z
    .array(entry, 'expected a list, such as `[{ to: canary, weight: 5% }]`')
    .min(1, 'expected at least one entry, such as `{ to: canary, weight: 5% }`')
    .superRefine((entries, context) => {
      const by = entries.find(({ weight }) => weight !== undefined)?.by;
      let sum = 0;
      for (const [i, each] of entries.entries()) {
        if (each.weight === undefined) continue;
        const told = sum <= WHOLE;
        sum += partOf(each.weight);
        if (told && sum > WHOLE) {
          const message = `the weights add up to ${sum / (WHOLE / 100)}%, and 100% is all of the requests`;
          context.addIssue({ code: 'custom', path: [i, 'weight'], message });
        }
        if (each.by !== by) {
          const message = 'entries with a `weight` have the same `by`: the requests are divided once';
          const path = each.by === undefined ? [i] : [i, 'by'];
          context.addIssue({ code: 'custom', path, message });
        }
      }
    })
    .transform((entries): SplitOptions => {
      const shared = entries.filter(({ weight }) => weight !== undefined);
      return {
        rules: entries
          .filter(({ weight }) => weight === undefined)
          .map(({ to: name, header = {}, cookie = {} }) => ({
            to: name,
            headers: Object.entries(header),
            cookies: Object.entries(cookie),
          })),
        shares: shared.map(({ to: name, weight = 0 }) => ({ to: name, weight: partOf(weight) })),
        by: shared[0]?.by,
      };
    });
}

const partOf = (share: number): number => Math.round(share * WHOLE);

const size = (map: object | undefined): number => (map === undefined ? 0 : Object.keys(map).length);
