import { fieldNameOf, fieldNumber } from './field-names.ts';

/** Numbers kept for one parsed field: see `HeaderList.spans`. */
export const SPAN = 5;
/** The field number that marks a parsed field as removed in a derived list. */
export const REMOVED = -1;

/** See `getSole`. */
export const SEVERAL: unique symbol = Symbol('several');

const NO_SPANS: readonly number[] = [];

/** What everyone but the owner of a header list may do with it. */
export interface ReadonlyHeaderList extends Iterable<readonly [name: string, value: string]> {
  /** The first value of a field, or undefined. Names are compared without case. */
  get(name: string): string | undefined;
  /** The first value of a field by its number (`knownField`): the hot path's way to ask. */
  getKnown(number: number): string | undefined;
  /** The value of a field that stands there once; undefined when it does not, SEVERAL when more often. */
  getSole(number: number): string | typeof SEVERAL | undefined;
  /** Every value of a field, in order. */
  getAll(name: string): string[];
  /** All the values of a list-valued field joined with `, ` (RFC 9110 §5.3), or undefined. */
  getList(name: string): string | undefined;
  has(name: string): boolean;
  /** A copy of one's own, to change. */
  derive(): HeaderList;
  readonly text: string;
  readonly spans: readonly number[];
  readonly added: readonly string[];
}

/**
 * Header fields in their order, duplicates kept. Fields that came off the wire stay where they were, as spans of the
 * head's text, and become strings when somebody asks:
 *
 *     text   GET / HTTP/1.1␍␊Host: a.example␍␊Accept: *␍␊␍␊
 *                            │   │ │        │
 *     spans  [ number,  nameStart│ │        valueEnd,  … ]     five numbers a field
 *                          nameEnd valueStart
 *
 * Fields that we add stand behind them in `added`, as name, value, name, value. Text is latin1: one character a byte.
 */
export class HeaderList implements ReadonlyHeaderList {
  readonly text: string;
  spans: number[];
  added: string[] = [];
  /** The spans are another list's. */
  #borrowed = false;

  constructor(text = '', spans: readonly number[] = NO_SPANS) {
    this.text = text;
    this.spans = spans as number[];
  }

  /** A list of our own making: `HeaderList.of('content-type', 'text/plain', 'vary', 'accept')`. */
  static of(...namesAndValues: string[]): HeaderList {
    const list = new HeaderList();
    list.added = namesAndValues;
    return list;
  }

  /** The fields of another list as they came off the wire, to change; they are copied when the first is removed. */
  static over(list: ReadonlyHeaderList): HeaderList {
    const over = new HeaderList(list.text, list.spans);
    over.#borrowed = true;
    return over;
  }

  get(name: string): string | undefined {
    const number = fieldNumber(name);
    const { spans } = this;
    for (let i = 0; i < spans.length; i += SPAN) {
      if (this.#isNamed(i, number, name)) return this.text.slice(spans[i + 3], spans[i + 4]);
    }
    for (let i = 0; i < this.added.length; i += 2) {
      if (sameName(this.added[i], name)) return this.added[i + 1];
    }
    return undefined;
  }

  getKnown(number: number): string | undefined {
    const { spans } = this;
    for (let i = 0; i < spans.length; i += SPAN) {
      if (spans[i] === number) return this.text.slice(spans[i + 3], spans[i + 4]);
    }
    // A list off the wire has none; one that is derived may.
    return this.added.length === 0 ? undefined : this.get(fieldNameOf(number));
  }

  getSole(number: number): string | typeof SEVERAL | undefined {
    const { spans } = this;
    let at = -1;
    for (let i = 0; i < spans.length; i += SPAN) {
      if (spans[i] !== number) continue;
      if (at !== -1) return SEVERAL;
      at = i;
    }
    if (this.added.length > 0) return soleOf(this.getAll(fieldNameOf(number)));
    return at === -1 ? undefined : this.text.slice(spans[at + 3], spans[at + 4]);
  }

  getAll(name: string): string[] {
    const number = fieldNumber(name);
    const values: string[] = [];
    for (let i = 0; i < this.spans.length; i += SPAN) {
      if (this.#isNamed(i, number, name)) values.push(this.text.slice(this.spans[i + 3], this.spans[i + 4]));
    }
    for (let i = 0; i < this.added.length; i += 2) {
      if (sameName(this.added[i], name)) values.push(this.added[i + 1]);
    }
    return values;
  }

  getList(name: string): string | undefined {
    const values = this.getAll(name);
    return values.length === 0 ? undefined : values.join(', ');
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Add a field behind the others. The caller vouches for name and value; what users hand in is checked by `validField`. */
  append(name: string, value: string): this {
    this.added.push(name, value);
    return this;
  }

  /** Replace every field of that name by one. */
  set(name: string, value: string): this {
    return this.delete(name).append(name, value);
  }

  delete(name: string): this {
    const number = fieldNumber(name);
    if (this.#borrowed) this.spans = this.spans.slice();
    this.#borrowed = false;
    for (let i = 0; i < this.spans.length; i += SPAN) {
      if (this.#isNamed(i, number, name)) this.spans[i] = REMOVED;
    }
    for (let i = this.added.length - 2; i >= 0; i -= 2) {
      if (sameName(this.added[i], name)) this.added.splice(i, 2);
    }
    return this;
  }

  /** Put each value of a field through `change`; those that it gives stand behind the other fields, in their order. */
  change(name: string, change: (value: string) => string): this {
    const before = this.getAll(name);
    const after = before.map(change);
    if (after.every((value, i) => value === before[i])) return this;
    this.delete(name);
    for (const value of after) this.append(name, value);
    return this;
  }

  /** Remove every field of these names, which are in lower case: one pass, however many they are. */
  deleteAll(names: ReadonlySet<string>): this {
    if (this.#borrowed) this.spans = this.spans.slice();
    this.#borrowed = false;
    const { spans, text, added } = this;
    for (let i = 0; i < spans.length; i += SPAN) {
      if (names.has(text.slice(spans[i + 1], spans[i + 2]).toLowerCase())) spans[i] = REMOVED;
    }
    for (let i = added.length - 2; i >= 0; i -= 2) {
      if (names.has(added[i].toLowerCase())) added.splice(i, 2);
    }
    return this;
  }

  derive(): HeaderList {
    const copy = new HeaderList(this.text, this.spans.slice());
    copy.added = this.added.slice();
    return copy;
  }

  *[Symbol.iterator](): IterableIterator<readonly [name: string, value: string]> {
    const { spans, text, added } = this;
    for (let i = 0; i < spans.length; i += SPAN) {
      if (spans[i] === REMOVED) continue;
      yield [text.slice(spans[i + 1], spans[i + 2]), text.slice(spans[i + 3], spans[i + 4])];
    }
    for (let i = 0; i < added.length; i += 2) yield [added[i], added[i + 1]];
  }

  #isNamed(i: number, number: number, name: string): boolean {
    const found = this.spans[i];
    if (number !== 0 || found !== 0) return found === number;
    const start = this.spans[i + 1];
    const end = this.spans[i + 2];
    return end - start === name.length && sameName(this.text.slice(start, end), name);
  }
}

/**
 * Where a field's value begins in the head that it came in: of the first one of this number from `from` on, or 0 when
 * there is none. For saying what was wrong; nobody asks while all is well.
 */
export function valueOffset(list: ReadonlyHeaderList, number: number, from = 0): number {
  const { spans } = list;
  for (let i = 0; i < spans.length; i += SPAN) {
    if (spans[i] === number && spans[i + 3] >= from) return spans[i + 3];
  }
  return 0;
}

function soleOf(values: readonly string[]): string | typeof SEVERAL | undefined {
  return values.length > 1 ? SEVERAL : values[0];
}

function sameName(a: string, b: string): boolean {
  return a === b || (a.length === b.length && a.toLowerCase() === b.toLowerCase());
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FIELD_VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t \x21-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;

/** Whether a name and value may be sent as a field line (RFC 9110 §5.1, §5.5): for what configuration and plugins hand in. */
export function validField(name: string, value: string): boolean {
  return TOKEN.test(name) && FIELD_VALUE.test(value);
}
