import { Buffer } from 'node:buffer';

/**
 * The field names that the server itself has an opinion about. A field's number (its place here plus one) lets the
 * hot path compare names as integers; 0 stands for every other name.
 */
const NAMES = [
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'via',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-request-id',
  'accept',
  'accept-encoding',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range',
  'authorization',
  'proxy-authorization',
  'proxy-authenticate',
  'cookie',
  'set-cookie',
  'content-type',
  'content-encoding',
  'content-range',
  'cache-control',
  'location',
  'date',
  'server',
  'etag',
  'last-modified',
  'vary',
  'user-agent',
  'referer',
  'origin',
  'allow',
  'retry-after',
  'content-language',
  'accept-ranges',
  'age',
  'expires',
  'pragma',
  'accept-language',
  'http2-settings',
  'content-location',
  'refresh',
] as const;

/** A field name the server knows, in lower case. */
export type KnownFieldName = (typeof NAMES)[number];

const numbers = new Map<string, number>(NAMES.map((name, i) => [name, i + 1]));

/**
 * The number of a field that is a known one but for `_` where that has `-`. CGI and WSGI make one variable of both, so
 * `X_Forwarded_For` would speak for X-Forwarded-For there. Such a field is never passed on.
 */
export const ALIAS = 255;

/** The number of a field name in any case; 0 when it is not one of the known ones. */
export function fieldNumber(name: string): number {
  return numbers.get(name) ?? numbers.get(name.toLowerCase()) ?? 0;
}

/** The number of a known field, for constants: `const HOST = knownField('host')`. */
export function knownField(name: KnownFieldName): number {
  return numbers.get(name) as number;
}

/** The lower-case name of a known field's number. */
export function fieldNameOf(number: number): string {
  return NAMES[number - 1];
}

/** Room for each name in `NAME_BYTES`. */
export const NAME_STRIDE = 32;
/** The bytes of every known name in lower case: that of number n begins at n * NAME_STRIDE. */
export const NAME_BYTES: Uint8Array = new Uint8Array((NAMES.length + 1) * NAME_STRIDE);
/** The lengths of the names by number; 0 for 0, which is none. */
export const NAME_LENGTHS: Uint8Array = new Uint8Array(NAMES.length + 1);
for (const [name, number] of numbers) {
  if (name.length > NAME_STRIDE) throw new Error(`${name} is too long`);
  NAME_BYTES.set(Buffer.from(name), number * NAME_STRIDE);
  NAME_LENGTHS[number] = name.length;
}

/** Slots of the table below. The factors were searched for: with them no two known names share a slot. */
const SLOTS = 512;

function slotOf(length: number, first: number, last: number): number {
  return (length + 3 * first + 15 * last) & (SLOTS - 1);
}

const bySlot = new Uint8Array(SLOTS);
for (const [name, number] of numbers) {
  const slot = slotOf(name.length, name.charCodeAt(0), name.charCodeAt(name.length - 1));
  if (bySlot[slot] !== 0) throw new Error(`${name} and ${fieldNameOf(bySlot[slot])} share a slot`);
  bySlot[slot] = number;
}

/**
 * The one known field that a name of this length, first and last byte (in lower case) can be, or 0; the caller still
 * has to compare the name itself.
 */
export function candidateField(length: number, first: number, last: number): number {
  return bySlot[slotOf(length, first, last)];
}
