import type { OwnFields } from './field-rules.ts';

/** What is known of one coded form of a file. */
export interface FileVariant {
  /** Under which it is kept, if it is there. No request's path is like it. */
  readonly key: string;
  /** There is none, as far as is known until then (on the monotonic clock); 0 when nobody has looked yet. */
  absentUntil: number;
}

/** The coded forms of a version of a file, one for each coded offer of its site, in their order. */
export type FileVariants = readonly FileVariant[];

/** As what bytes of another name are served, where they are a file's in a coding. */
export interface CodedAs {
  readonly coding: string;
  /** Of the file itself: a coding does not change what it is (RFC 9110 §8.4). */
  readonly mediaType: string;
  /** Likewise. */
  readonly own: OwnFields;
}
