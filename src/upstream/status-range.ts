import { z } from 'zod';

/** Statuses from one to another, both included. */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

/** A status or a range of them as a user writes it: `503`, `200-399`. `example` is for who writes something else. */
export function statusRange(example: string) {
  return z.union([z.string(), z.number()]).transform((value, context): StatusRange => {
    const [, from, to = from] = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(String(value)) ?? [];
    if (from !== undefined && from <= to) return { from: Number(from), to: Number(to) };
    const message = `expected a status or a range, such as ${example}`;
    context.addIssue({ code: 'custom', message, input: value });
    return z.NEVER;
  });
}
