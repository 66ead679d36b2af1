import type { Delivery } from './case-log.ts';
import type { WireCase } from './wire-case.ts';

/** Longer messages are not cut at every place, but at those of their beginning and end, and at some between. */
const CUT_EVERYWHERE = 512;
const STRIDE = 997;

/** A way in which the bytes of a case arrive; `name` says how. */
export interface NamedDelivery extends Delivery {
  readonly name: string;
}

/** The bytes of a case, once or several times in a row, as they arrive if nobody cuts them but their sender. */
export function whole(wireCase: WireCase, times = 1): Delivery {
  return cutAt(wireCase, [], times);
}

/** Every other way in which they may arrive, at a reader that has room. */
export function* cutDeliveries(wireCase: WireCase): Iterable<NamedDelivery> {
  const { length } = wireCase.bytes;
  for (let place = 1; place < length; place = next(place, length)) {
    yield { name: `cut after ${place} bytes`, ...cutAt(wireCase, [place]) };
  }
  yield { name: 'byte by byte', ...bytewise(wireCase) };
}

/** And to a slow reader. */
export function* slowDeliveries(wireCase: WireCase): Iterable<NamedDelivery> {
  yield { name: 'whole, to a slow reader', ...whole(wireCase), reader: 'slow' };
  yield { name: 'byte by byte, to a slow reader', ...bytewise(wireCase), reader: 'slow' };
}

export function bytewise(wireCase: WireCase, times = 1): Delivery {
  const { length } = wireCase.bytes;
  return cutAt(
    wireCase,
    Array.from({ length: length * times }, (_, place) => place),
    times,
  );
}

function next(place: number, length: number): number {
  const between =
    length > CUT_EVERYWHERE && place > CUT_EVERYWHERE / 2 && place < length - CUT_EVERYWHERE / 2;
  return place + (between ? STRIDE : 1);
}

function cutAt({ bytes, waits, ends }: WireCase, cuts: readonly number[], times = 1): Delivery {
  const all = Buffer.concat(Array.from({ length: times }, () => bytes));
  const forced = Array.from({ length: times }, (_, time) => waits.map((wait) => wait + time * bytes.length));
  const places = [...new Set([0, ...forced.flat(), ...cuts, all.length])].toSorted((a, b) => a - b);
  const pieces = places.slice(1).map((end, i) => all.subarray(places[i], end));
  return { pieces, ends, reader: 'ready' };
}
