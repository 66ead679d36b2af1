import type { RequestHead, ResponseHead } from '../http/head.ts';
import type { BodyAnatomy } from './anatomy-body.ts';
import { AnatomyRecorder, type ByteRange } from './anatomy-recorder.ts';
import type { Decision, NextAnatomy, RefusalAnatomy } from './anatomy-verdict.ts';

/** What one message is, and what becomes of it. */
export interface MessageAnatomy {
  /** Its first byte in the input, and how many bytes of it were read. */
  readonly offset: number;
  readonly length: number;
  readonly outcome: 'accepted' | 'refused' | 'incomplete';
  /** The head, once it is complete: of a request, or of a response. */
  readonly request: RequestHead | undefined;
  readonly response: ResponseHead | undefined;
  /** What delimits the body. */
  readonly framing: Decision | undefined;
  readonly body: BodyAnatomy | undefined;
  readonly refusal: RefusalAnatomy | undefined;
  /** What else was decided on the way. */
  readonly notes: readonly Decision[];
  readonly next: NextAnatomy;
}

/** Everything about an input: its messages in order, and its ranges, of which every byte is in exactly one. */
export interface Anatomy {
  readonly kind: 'request' | 'response';
  /** Every message is there from its first byte to its last and was accepted, and no final answer is missing. */
  readonly complete: boolean;
  readonly messages: readonly MessageAnatomy[];
  readonly ranges: readonly ByteRange[];
}

/** What is known of a message so far. */
export type Findings = Partial<Pick<MessageAnatomy, 'request' | 'response' | 'framing' | 'body' | 'notes'>>;

/** Takes one message apart, and says what becomes of it; undefined where the input holds no other. */
export type Dissector = (recorder: AnatomyRecorder) => MessageAnatomy | undefined;

/**
 * Takes an input apart, one message after the other, until the connection would be closed or the input ends. What it
 * tells is what the parsers of the connections tell: they do the reading here too.
 */
export function dissect(bytes: Buffer, kind: Anatomy['kind'], dissector: Dissector): Anatomy {
  const recorder = new AnatomyRecorder(bytes);
  const messages: MessageAnatomy[] = [];
  while (recorder.position < bytes.length) {
    recorder.message = messages.length + 1;
    const message = dissector(recorder);
    if (message === undefined) break;
    messages.push(message);
    if (!message.next.kept) break;
  }
  recorder.message = 0;
  recorder.upTo(bytes.length, 'not read');
  const complete =
    messages.every(({ outcome }) => outcome === 'accepted') && !isInterim(messages.at(-1)?.response?.status);
  return { kind, complete, messages, ranges: recorder.ranges };
}

/** Whether the final answer is still to come behind this one (RFC 9110 §15.2). A switch of protocols is final. */
export function isInterim(status: number | undefined): boolean {
  return status !== undefined && status < 200 && status !== 101;
}

/** A message that is taken. */
export function accepted(
  recorder: AnatomyRecorder,
  offset: number,
  findings: Findings,
  next: NextAnatomy,
): MessageAnatomy {
  return message('accepted', recorder, offset, findings, undefined, next);
}

/** A message that is not taken, or that is not all there. */
export function refused(
  recorder: AnatomyRecorder,
  offset: number,
  findings: Findings,
  outcome: 'refused' | 'incomplete',
  why: RefusalAnatomy,
): MessageAnatomy {
  const text = outcome === 'incomplete' ? 'nothing more has come' : 'after a refusal nothing more is read';
  return message(outcome, recorder, offset, findings, why, { kept: false, text, rule: 'RFC 9112 §9.6' });
}

function message(
  outcome: MessageAnatomy['outcome'],
  recorder: AnatomyRecorder,
  offset: number,
  { request, response, framing, body, notes = [] }: Findings,
  refusal: RefusalAnatomy | undefined,
  next: NextAnatomy,
): MessageAnatomy {
  const length = recorder.position - offset;
  return { offset, length, outcome, request, response, framing, body, refusal, notes, next };
}
