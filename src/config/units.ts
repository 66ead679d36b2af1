import { z } from 'zod';

const MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

const AMOUNT = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/;

/** Milliseconds of `500ms`, `10s`, `2m`, `1h`, `1d`; `0` needs no unit. Undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = AMOUNT.exec(text) ?? [];
  if (Number(amount) === 0 && unit === '') return 0;
  const ms = Math.round(Number(amount) * (MS[unit ?? ''] ?? Number.NaN));
  // Timers count in 32 bits; nobody waits for 24 days.
  return ms < 2 ** 31 ? ms : undefined;
}

/** Bytes of `512`, `32KiB` (1024), `10MB` (1000). Undefined for anything else. */
export function parseByteSize(text: string): number | undefined {
  const [, amount, unit] = AMOUNT.exec(text) ?? [];
  const bytes = Math.round(Number(amount) * (unit === '' ? 1 : (BYTES[unit ?? ''] ?? Number.NaN)));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** A duration as a user writes it, in milliseconds. */
export const duration = amount(parseDuration, 'a duration such as `500ms`, `10s` or `2m`');

/** A number of bytes as a user writes it. */
export const byteSize = amount(parseByteSize, 'a size such as `512`, `32KiB` or `10MB`');

function amount(
  parse: (text: string) => number | undefined,
  what: string,
): z.ZodType<number, string | number> {
  const error = `expected ${what}`;
  return z.union([z.string(), z.number()], { error }).transform((value, context) => {
    const parsed = parse(String(value));
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: error, input: value });
    return z.NEVER;
  });
}
