import type { TargetForm } from '../http/head.ts';
import { SPAN } from '../http/header-list.ts';
import type { AnatomyRecorder } from './anatomy-recorder.ts';
import { CR } from './chars.ts';
import type { FieldProgress } from './field-section.ts';
import type { RequestHeadProgress } from './parse-request-head.ts';
import type { ResponseHeadProgress } from './parse-response-head.ts';

/** Length of `HTTP/1.1`. */
const VERSION_LENGTH = 8;
const STATUS_LENGTH = 3;

const FORM_RULES: Readonly<Record<TargetForm, string>> = {
  origin: 'RFC 9112 §3.2.1',
  absolute: 'RFC 9112 §3.2.2',
  authority: 'RFC 9112 §3.2.3',
  asterisk: 'RFC 9112 §3.2.4',
};

/** The sections on the fields that have a say in how a message is read, and in what is done with it. */
const FIELD_RULES: Readonly<Record<string, string>> = {
  host: 'RFC 9110 §7.2',
  'content-length': 'RFC 9110 §8.6',
  'transfer-encoding': 'RFC 9112 §6.1',
  connection: 'RFC 9110 §7.6.1',
  expect: 'RFC 9110 §10.1.1',
  te: 'RFC 9110 §10.1.4',
  trailer: 'RFC 9110 §6.6.2',
  upgrade: 'RFC 9110 §7.8',
};

/** Name the bytes of a request head that begins at `base`, as far as it is understood, and before `end`. */
export function nameRequestHead(
  recorder: AnatomyRecorder,
  base: number,
  end: number,
  { methodEnd, targetEnd, fields }: RequestHeadProgress,
  form: TargetForm | undefined,
): void {
  recorder.bound = end;
  const at = (offset: number | undefined): number => base + (offset ?? Infinity);
  recorder.upTo(at(methodEnd), 'method');
  recorder.upTo(at(methodEnd) + 1, 'space');
  recorder.upTo(at(targetEnd), 'target', form && FORM_RULES[form]);
  recorder.upTo(at(targetEnd) + 1, 'space');
  const versionEnd = at(targetEnd) + 1 + VERSION_LENGTH;
  recorder.upTo(versionEnd, 'version');
  recorder.upTo(versionEnd + 2, 'line end');
  if (fields !== undefined) nameFields(recorder, base, fields, 'field');
  recorder.bound = recorder.bytes.length;
}

/** Name the bytes of a response head that begins at `base`, as far as it is understood, and before `end`. */
export function nameResponseHead(
  recorder: AnatomyRecorder,
  base: number,
  end: number,
  { reasonEnd, fields }: ResponseHeadProgress,
): void {
  recorder.bound = end;
  const versionEnd = base + VERSION_LENGTH;
  const statusEnd = versionEnd + 1 + STATUS_LENGTH;
  recorder.upTo(versionEnd, 'version');
  recorder.upTo(versionEnd + 1, 'space', 'RFC 9112 §4');
  recorder.upTo(statusEnd, 'status');
  recorder.upTo(statusEnd + 1, 'space', 'RFC 9112 §4');
  recorder.upTo(base + (reasonEnd ?? Infinity), 'reason');
  recorder.upTo(base + (reasonEnd ?? Infinity) + 2, 'line end');
  if (fields !== undefined) nameFields(recorder, base, fields, 'field');
  recorder.bound = recorder.bytes.length;
}

/** Name the lines of a field section whose spans are counted from `base`, and its empty line. */
export function nameFields(
  recorder: AnatomyRecorder,
  base: number,
  progress: FieldProgress,
  kind: 'field' | 'trailer',
): void {
  const { spans, lineStart, nameEnd, valueStart, valueEnd } = progress;
  for (let i = 0; i < spans.length; i += SPAN) {
    const next = base + (i + SPAN < spans.length ? spans[i + SPAN + 1] : lineStart);
    nameField(recorder, kind, base + spans[i + 2], base + spans[i + 3], base + spans[i + 4], next);
  }
  if (nameEnd !== undefined) {
    const end = base + (valueEnd ?? Infinity);
    nameField(recorder, kind, base + nameEnd, base + (valueStart ?? Infinity), end, Infinity);
  } else if (recorder.bytes[base + lineStart] === CR) {
    recorder.upTo(base + lineStart + 2, 'empty line', kind === 'field' ? undefined : 'RFC 9112 §7.1.2');
  } else {
    recorder.upTo(Infinity, `${kind} name`);
  }
}

/** A section of this length that is all there, in offsets from `base`. */
export function completeSection(spans: readonly number[], length: number): FieldProgress {
  return { spans, lineStart: length - 2, nameEnd: undefined, valueStart: undefined, valueEnd: undefined };
}

/** One line: its name, what stands around the value, the value, and the end of the line before `next`. */
function nameField(
  recorder: AnatomyRecorder,
  kind: 'field' | 'trailer',
  nameEnd: number,
  valueStart: number,
  valueEnd: number,
  next: number,
): void {
  const name = recorder.bytes.toString('latin1', recorder.position, nameEnd).toLowerCase();
  const rule = Object.hasOwn(FIELD_RULES, name) ? FIELD_RULES[name] : undefined;
  recorder.upTo(nameEnd, `${kind} name`);
  recorder.upTo(nameEnd + 1, 'colon');
  recorder.upTo(valueStart, 'white space');
  recorder.upTo(valueEnd, `${kind} value`, rule);
  recorder.upTo(next - 2, 'white space');
  recorder.upTo(next, 'line end');
}
