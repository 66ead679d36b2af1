import { errorInfo, type ErrorCode } from '../core/errors.ts';
import type { ResponseHead } from '../http/head.ts';
import {
  accepted,
  dissect,
  isInterim,
  refused,
  type Anatomy,
  type Findings,
  type MessageAnatomy,
} from './anatomy.ts';
import { nameBody } from './anatomy-body.ts';
import { completeSection, nameResponseHead } from './anatomy-head.ts';
import type { AnatomyRecorder } from './anatomy-recorder.ts';
import {
  persistence,
  refusal,
  responseFramingDecision,
  type NextAnatomy,
  type RefusalAnatomy,
} from './anatomy-verdict.ts';
import { NEED_MORE, REFUSED, SEEN } from './field-section.ts';
import { UNTIL_CLOSE, endIsDoubtful, framingOffset, responseFraming } from './framing.ts';
import { RESPONSE_HEAD_LIMITS, ResponseHeadParser } from './parse-response-head.ts';

/** `HTTP/1.1 200 ` stands before every reason. */
const REASON_START = 13;

/** What a client connection makes of the bytes that a server sends in answer to a request of this method, and then no more. */
export function anatomyOfResponses(bytes: Buffer, method: string): Anatomy {
  const parser = new ResponseHeadParser(RESPONSE_HEAD_LIMITS);
  return dissect(bytes, 'response', (recorder) => response(recorder, parser, method));
}

function response(recorder: AnatomyRecorder, parser: ResponseHeadParser, method: string): MessageAnatomy {
  const { bytes, position: start } = recorder;
  parser.reset();
  const after = parser.parse(bytes, start, bytes.length);
  if (after === NEED_MORE) {
    nameResponseHead(recorder, start, bytes.length, parser.progress);
    return refused(recorder, start, {}, 'incomplete', refusal('upstream.body-incomplete', undefined));
  }
  if (after === REFUSED) return refusedHead(recorder, parser);
  const head = parser.head as ResponseHead;
  const { status, reason, version, headers } = head;
  const fields = completeSection(headers.spans, after - start);
  nameResponseHead(recorder, start, after, { reasonEnd: REASON_START + reason.length, fields });

  const { seen } = parser;
  let findings: Findings = { response: head };
  const interim = isInterim(status);
  if (interim && (seen & (SEEN.contentLength | SEEN.transferEncoding)) !== 0) {
    const why = ambiguous('http1.framing.content-in-interim', start, head);
    return refused(recorder, start, findings, 'refused', why);
  }
  const framing = responseFraming(method, status, version, headers, seen);
  if (typeof framing === 'string') {
    return refused(recorder, start, findings, 'refused', ambiguous(framing, start, head));
  }
  findings = { ...findings, framing: responseFramingDecision(framing, method, status) };
  if (interim) return accepted(recorder, start, findings, AFTER_INTERIM);
  if (status === 101 || (method === 'CONNECT' && status < 300)) {
    recorder.upTo(bytes.length, 'tunnel', status === 101 ? undefined : 'RFC 9110 §9.3.6');
    return accepted(recorder, start, findings, TUNNEL);
  }
  const next = endIsDoubtful(method, status, version, headers, seen)
    ? DOUBTFUL_END
    : framing === UNTIL_CLOSE
      ? UNTIL_END
      : persistence(version, headers, seen);
  if (framing === 0) return accepted(recorder, start, findings, next);
  const body = nameBody(recorder, framing, Infinity);
  findings = { ...findings, body };
  if (body.outcome === 'incomplete') {
    return refused(recorder, start, findings, 'incomplete', refusal('upstream.body-incomplete', undefined));
  }
  if (body.error === undefined) return accepted(recorder, start, findings, next);
  if (body.errorAt !== undefined) recorder.refuseAt(body.errorAt, errorInfo(body.error).rule);
  const why = refusal('upstream.malformed-response', body.errorAt, body.error);
  return refused(recorder, start, findings, 'refused', why);
}

/** As of requests: up to the byte that broke the rule everything was good. */
function refusedHead(recorder: AnatomyRecorder, parser: ResponseHeadParser): MessageAnatomy {
  const { bytes, position: start } = recorder;
  const { error, detail, errorOffset } = parser;
  const at = start + errorOffset;
  const probe = new ResponseHeadParser(RESPONSE_HEAD_LIMITS);
  probe.parse(bytes, start, at);
  nameResponseHead(recorder, start, at, probe.progress);
  recorder.refuseAt(at, errorInfo(detail ?? error).rule);
  return refused(recorder, start, {}, 'refused', refusal(error, at, detail));
}

function ambiguous(detail: ErrorCode, start: number, { headers }: ResponseHead): RefusalAnatomy {
  return refusal('upstream.ambiguous-framing', start + framingOffset(headers, detail), detail);
}

const AFTER_INTERIM: NextAnatomy = {
  kept: true,
  text: 'the final answer is still to come',
  rule: 'RFC 9110 §15.2',
};
const TUNNEL: NextAnatomy = {
  kept: false,
  text: 'it speaks another protocol from here on',
  rule: 'RFC 9110 §7.8',
};
const UNTIL_END: NextAnatomy = {
  kept: false,
  text: 'its end is the end of the body',
  rule: 'RFC 9112 §6.3, rule 8',
};
const DOUBTFUL_END: NextAnatomy = {
  kept: false,
  text: 'the header speaks of a body that there is not to be',
  rule: 'RFC 9112 §6.1',
};
