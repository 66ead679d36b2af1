import { errorInfo, type ErrorCode } from '../core/errors.ts';
import type { RequestHead } from '../http/head.ts';
import { ALIAS } from '../http/field-names.ts';
import { SPAN } from '../http/header-list.ts';
import { accepted, dissect, refused, type Anatomy, type Findings, type MessageAnatomy } from './anatomy.ts';
import { nameBody } from './anatomy-body.ts';
import { completeSection, nameRequestHead } from './anatomy-head.ts';
import type { AnatomyRecorder } from './anatomy-recorder.ts';
import {
  persistence,
  refusal,
  requestFramingDecision,
  type Decision,
  type NextAnatomy,
} from './anatomy-verdict.ts';
import { CR, LF } from './chars.ts';
import { expectsContinue } from './expectation.ts';
import { NEED_MORE, REFUSED, SEEN } from './field-section.ts';
import { framingOffset, requestFraming, type Framing } from './framing.ts';
import { RequestHeadParser, type HeadLimits } from './parse-request-head.ts';

/** Bounds on a request; sizes in bytes. */
export interface RequestLimits extends HeadLimits {
  readonly bodyBytes: number;
}

/** What a server connection makes of the bytes that a client sends, and then no more. */
export function anatomyOfRequests(bytes: Buffer, limits: RequestLimits): Anatomy {
  const parser = new RequestHeadParser(limits);
  return dissect(bytes, 'request', (recorder) =>
    passEmptyLines(recorder) ? request(recorder, parser, limits) : undefined,
  );
}

/** Empty lines before a request are passed over (RFC 9112 §2.2). False: there is nothing else. */
function passEmptyLines(recorder: AnatomyRecorder): boolean {
  const { bytes, message } = recorder;
  recorder.message = 0;
  for (;;) {
    const { position } = recorder;
    const last = position + 1 === bytes.length;
    if (bytes[position] !== CR || (!last && bytes[position + 1] !== LF)) break;
    recorder.upTo(position + 2, 'empty line', 'RFC 9112 §2.2');
  }
  recorder.message = message;
  return recorder.position < bytes.length;
}

function request(
  recorder: AnatomyRecorder,
  parser: RequestHeadParser,
  limits: RequestLimits,
): MessageAnatomy {
  const { bytes, position: start } = recorder;
  parser.reset();
  const after = parser.parse(bytes, start, bytes.length);
  if (after === NEED_MORE) {
    nameRequestHead(recorder, start, bytes.length, parser.progress, undefined);
    return refused(recorder, start, {}, 'incomplete', refusal('http1.head.incomplete', undefined));
  }
  if (after === REFUSED) return refusedHead(recorder, parser, limits);
  const head = parser.head as RequestHead;
  const { method, rawTarget, version, headers, form } = head;
  const progress = {
    methodEnd: method.length,
    targetEnd: method.length + 1 + rawTarget.length,
    fields: completeSection(headers.spans, after - start),
  };
  nameRequestHead(recorder, start, after, progress, form);

  const { seen } = parser;
  const framing = requestFraming(version, headers, seen);
  const code = typeof framing === 'string' ? framing : objection(head, seen, framing, limits.bodyBytes);
  if (typeof framing === 'string' || code !== undefined) {
    const why = refusal(code as ErrorCode, start + framingOffset(headers, code as ErrorCode));
    return refused(recorder, start, { request: head }, 'refused', why);
  }
  const findings: Findings = {
    request: head,
    framing: requestFramingDecision(framing, (seen & SEEN.contentLength) !== 0),
    notes: notesOn(head, seen, framing),
  };
  if (form === 'authority') return accepted(recorder, start, findings, AFTER_CONNECT);
  if (framing === 0) return accepted(recorder, start, findings, persistence(version, headers, seen));
  const body = nameBody(recorder, framing, limits.bodyBytes);
  const all = { ...findings, body };
  if (body.outcome === 'incomplete') {
    return refused(recorder, start, all, 'incomplete', refusal('http1.body.incomplete', undefined));
  }
  if (body.error === undefined) return accepted(recorder, start, all, persistence(version, headers, seen));
  if (body.errorAt !== undefined) recorder.refuseAt(body.errorAt, errorInfo(body.error).rule);
  return refused(recorder, start, all, 'refused', refusal(body.error, body.errorAt));
}

const AFTER_CONNECT: NextAnatomy = {
  kept: false,
  text: 'a tunnel, or the end: what follows is no request',
  rule: 'RFC 9931 §8',
};

/** What a connection asks of a head beside its framing, in its order. */
function objection(
  head: RequestHead,
  seen: number,
  framing: Framing,
  bodyBytes: number,
): ErrorCode | undefined {
  if (framing !== 0 && head.method === 'CONNECT') return 'http1.framing.content-in-connect';
  if (framing > bodyBytes) return 'http1.body.too-large';
  return expectsContinue(head, seen) === undefined ? 'http1.expectation.unknown' : undefined;
}

/**
 * Up to the byte that broke the rule everything was good: a parser that gets no more than that tells how far it was
 * understood. Some rules are about a head as a whole, though, and were looked at when all of it was there.
 */
function refusedHead(
  recorder: AnatomyRecorder,
  parser: RequestHeadParser,
  limits: RequestLimits,
): MessageAnatomy {
  const { bytes, position: start } = recorder;
  const { error, errorOffset } = parser;
  const at = start + errorOffset;
  const { fields, targetEnd } = parser.progress;
  const whole = fields !== undefined && ABOUT_WHOLE_HEADS.has(error);
  const from = whole ? (fields.spans.at(-1) ?? targetEnd ?? 0) : 0;
  const end = whole ? bytes.indexOf('\r\n\r\n', start + from) + 4 : at;
  const probe = new RequestHeadParser(limits);
  probe.parse(bytes, start, whole ? end - 1 : at);
  nameRequestHead(recorder, start, end, probe.progress, undefined);
  if (!whole) recorder.refuseAt(at, errorInfo(error).rule);
  return refused(recorder, start, {}, 'refused', refusal(error, at));
}

const ABOUT_WHOLE_HEADS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'http1.host.missing',
  'http1.host.repeated',
  'http1.host.malformed',
  'http1.target.malformed',
]);

function notesOn(head: RequestHead, seen: number, framing: Framing): Decision[] {
  const { headers, form, method } = head;
  const notes: Decision[] = [];
  const note = (text: string, rule: string): number => notes.push({ text, rule });
  if (form === 'absolute') note('the authority of the target counts, not the Host field', 'RFC 9112 §3.2.2');
  if (method === 'CONNECT') {
    note('it asks for a tunnel: 405 unless a route passes it on', 'RFC 9110 §9.3.6');
  }
  if (framing !== 0 && expectsContinue(head, seen) === true) {
    note('the client waits for 100 Continue before the body', 'RFC 9110 §10.1.1');
  }
  if ((seen & SEEN.upgrade) !== 0) {
    note(`it proposes another protocol: ${headers.getList('upgrade')}`, 'RFC 9110 §7.8');
  }
  const { spans, text } = headers;
  for (let i = 0; i < spans.length; i += SPAN) {
    if (spans[i] !== ALIAS) continue;
    const name = text.slice(spans[i + 1], spans[i + 2]);
    note(`${name} is not passed on: some read it as ${name.replaceAll('_', '-')}`, 'RFC 3875 §4.1.18');
  }
  return notes;
}
