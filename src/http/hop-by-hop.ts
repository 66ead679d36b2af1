import { ALIAS, knownField } from './field-names.ts';
import type { ReadonlyHeaderList } from './header-list.ts';
import { listMembers } from './list-members.ts';

/**
 * A set of known fields, by number: 1 at each. Begins with the fields that concern one connection only (RFC 9110 §7.6.1)
 * or that frame one message: nobody passes those on, the wire writes its own.
 */
export type FieldMask = Uint8Array;

const CONNECTION = knownField('connection');

const HOP_BY_HOP: FieldMask = new Uint8Array(256);
for (const name of [
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'content-length',
  'upgrade',
  'te',
  'trailer',
  'http2-settings',
  'proxy-authorization',
  'proxy-authenticate',
] as const) {
  HOP_BY_HOP[knownField(name)] = 1;
}
HOP_BY_HOP[ALIAS] = 1;

/** Whether a known field concerns one connection only, or frames one message. */
export function isHopByHop(number: number): boolean {
  return HOP_BY_HOP[number] === 1;
}

/** A set of fields by their numbers. */
export function fieldMask(...numbers: number[]): FieldMask {
  const mask = new Uint8Array(256);
  for (const number of numbers) mask[number] = 1;
  return mask;
}

/** The hop-by-hop fields and some more, by their numbers. */
export function hopByHopAnd(...numbers: number[]): FieldMask {
  const mask = HOP_BY_HOP.slice();
  for (const number of numbers) mask[number] = 1;
  return mask;
}

/**
 * The names that a message's Connection field nominates as its own (RFC 9110 §7.6.1), in lower case; undefined when
 * there are none, as nearly always.
 */
export function nominatedFields(list: ReadonlyHeaderList): ReadonlySet<string> | undefined {
  const sole = list.getSole(CONNECTION);
  if (sole === undefined || sole === 'keep-alive' || sole === 'close') return undefined;
  const names = listMembers(list.getList('connection') as string).filter(
    (name) => name !== 'close' && name !== 'keep-alive',
  );
  return names.length === 0 ? undefined : new Set(names);
}
