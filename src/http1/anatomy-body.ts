import type { ErrorCode } from '../core/errors.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { completeSection, nameFields } from './anatomy-head.ts';
import type { AnatomyRecorder, RangeName } from './anatomy-recorder.ts';
import { BodyDecoder } from './body-decoder.ts';
import { ChunkedDecoder, type ChunkPlace } from './chunked.ts';
import { CHUNKED, type Framing } from './framing.ts';

/** What became of a body. */
export interface BodyAnatomy {
  readonly outcome: 'complete' | 'incomplete' | 'refused';
  readonly error: ErrorCode | undefined;
  /** The byte that broke the rule, from the first of the input; undefined where it is no single one. */
  readonly errorAt: number | undefined;
  /** Bytes without framing. */
  readonly received: number;
  /** Complete ones with data. */
  readonly chunks: number;
  /** Bytes of the body, or of its last chunk, that the input does not have; 0 where that is not known. */
  readonly missing: number;
  readonly trailers: ReadonlyHeaderList | undefined;
}

/** Name the bytes of a body that begins where the recorder stands. Past `limit` bytes it is refused. */
export function nameBody(recorder: AnatomyRecorder, framing: Framing, limit: number): BodyAnatomy {
  return framing === CHUNKED ? nameChunkedBody(recorder, limit) : namePlainBody(recorder, framing);
}

function namePlainBody(recorder: AnatomyRecorder, framing: Framing): BodyAnatomy {
  const decoder = new BodyDecoder(framing);
  const { bytes, position } = recorder;
  const decoded = decoder.decode(bytes, position, bytes.length);
  recorder.upTo(decoder.position, 'body');
  const complete = decoded === 'end' || decoder.endsWithConnection();
  return {
    outcome: complete ? 'complete' : 'incomplete',
    error: undefined,
    errorAt: undefined,
    received: decoder.received,
    chunks: 0,
    missing: complete ? 0 : framing - decoder.received,
    trailers: undefined,
  };
}

/**
 * The decoder is fed byte by byte, chunk data in one piece, and asked in between where it stands: what it answers does
 * not depend on how bytes are cut, so this is what it makes of them on a connection too.
 */
function nameChunkedBody(recorder: AnatomyRecorder, limit: number): BodyAnatomy {
  const decoder = new ChunkedDecoder();
  const { bytes, position: start } = recorder;
  let outcome: BodyAnatomy['outcome'] = 'incomplete';
  let error: ErrorCode | undefined;
  let errorAt: number | undefined;
  let received = 0;
  let chunks = 0;
  let name: RangeName = 'chunk size';
  let trailerStart: number | undefined;
  let end = bytes.length;
  const nameUpTo = (end: number): void => {
    const size = name === 'chunk size' ? decimal(bytes, recorder.position, end) : undefined;
    recorder.upTo(end, name, name === 'empty line' ? 'RFC 9112 §7.1.2' : undefined, size);
  };

  for (let p = start; p < bytes.length && outcome === 'incomplete';) {
    const { place } = decoder;
    const next = place === 'data' ? Math.min(bytes.length, p + decoder.left) : p + 1;
    const decoded = decoder.decode(bytes, p, next);
    if (decoded === 'refused') {
      outcome = 'refused';
      ({ error } = decoder);
      errorAt = start + decoder.errorOffset;
      if (trailerStart === undefined) nameUpTo(p);
      break;
    }
    const found = nameOf(place, decoder.place);
    if (found !== name && trailerStart === undefined) nameUpTo(p);
    if (found === 'trailer name') trailerStart ??= p;
    else name = found;
    if (place === 'data') {
      if (decoder.left === 0) chunks++;
      received += next - p;
      if (received > limit) {
        outcome = 'refused';
        error = 'http1.body.too-large';
      }
    }
    if (decoded === 'end') outcome = 'complete';
    p = next;
    if (trailerStart === undefined && (outcome !== 'incomplete' || p === bytes.length)) nameUpTo(p);
    if (outcome === 'complete') end = p;
  }
  if (trailerStart !== undefined) nameTrailer(recorder, trailerStart, decoder, errorAt ?? end);
  const missing = decoder.place === 'data' ? decoder.left : 0;
  return { outcome, error, errorAt, received, chunks, missing, trailers: decoder.trailers };
}

/** What a byte is that the decoder met at one place, and that led it to another. */
function nameOf(before: ChunkPlace, after: ChunkPlace): RangeName {
  switch (before) {
    case 'size':
    case 'extension':
      if (after === 'size-end') return 'line end';
      return after === 'extension' ? 'chunk extension' : 'chunk size';
    case 'size-end':
      return 'line end';
    case 'data':
      return 'chunk data';
    case 'data-end':
      return 'chunk end';
    case 'trailer':
      return after === 'end' ? 'empty line' : 'trailer name';
    case 'end':
      return 'empty line';
  }
}

/** The lines of the trailer section, of which the decoder knows the parts. */
function nameTrailer(recorder: AnatomyRecorder, start: number, decoder: ChunkedDecoder, bound: number): void {
  const { trailers, trailerProgress } = decoder;
  const progress = trailers === undefined ? trailerProgress : completeSection(trailers.spans, bound - start);
  if (progress === undefined) return;
  recorder.bound = bound;
  nameFields(recorder, start, progress, 'trailer');
  recorder.bound = recorder.bytes.length;
}

function decimal(bytes: Buffer, from: number, to: number): string {
  return String(Number.parseInt(bytes.toString('latin1', from, to), 16));
}
