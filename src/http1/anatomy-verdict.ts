import { errorInfo, type ErrorCode } from '../core/errors.ts';
import type { HttpVersion } from '../http/head.ts';
import type { ReadonlyHeaderList } from '../http/header-list.ts';
import { CHUNKED, UNTIL_CLOSE, wantsKeepAlive, type Framing } from './framing.ts';

/** Something that was decided, in a few words, and the section that it rests on. */
export interface Decision {
  readonly text: string;
  readonly rule: string;
}

/** Why a message is not taken. */
export interface RefusalAnatomy {
  /** The code in the catalogue, and what the catalogue says of it. */
  readonly code: ErrorCode;
  readonly status: number;
  readonly message: string;
  readonly rule: string | undefined;
  /** The rule of RFC 9112 §6.3 by which the framing was refused. */
  readonly step: string | undefined;
  /** Of an answer: the rule that the server broke, as a code; `code` is what becomes of the exchange. */
  readonly detail: ErrorCode | undefined;
  /** The byte, from the first of the input; undefined where it is no single one. */
  readonly offset: number | undefined;
}

/** What the connection does after a message. */
export interface NextAnatomy extends Decision {
  readonly kept: boolean;
}

export function refusal(code: ErrorCode, offset: number | undefined, detail?: ErrorCode): RefusalAnatomy {
  const { status } = errorInfo(code);
  const { message, rule } = errorInfo(detail ?? code);
  return { code, status, message, rule, step: refusedFramingStep(detail ?? code), detail, offset };
}

/** The verdict on a request's body, by the rule of RFC 9112 §6.3 that gave it. */
export function requestFramingDecision(framing: Framing, declared: boolean): Decision {
  if (framing === CHUNKED) return decision(4, 'chunked: the body ends with the last chunk');
  if (declared) return decision(6, `Content-Length: the body has ${bytes(framing)}`);
  return decision(7, 'no body: the header declares none');
}

/** The verdict on a response's body. */
export function responseFramingDecision(framing: Framing, method: string, status: number): Decision {
  if (framing === UNTIL_CLOSE) return decision(8, 'the body goes on until the connection ends');
  if (status < 200 || status === 204 || status === 304)
    return decision(1, `no body: the status is ${status}`);
  if (method === 'HEAD') return decision(1, 'no body: it answers HEAD');
  if (method === 'CONNECT' && status < 300) return decision(2, 'no body: what follows is a tunnel');
  return requestFramingDecision(framing, true);
}

/** The rule under which a framing is refused; undefined for other refusals. */
function refusedFramingStep(code: ErrorCode): string | undefined {
  switch (code) {
    case 'http1.framing.length-and-coding':
      return framingRule(3);
    case 'http1.framing.coding-in-1.0':
    case 'http1.framing.chunked-not-final':
    case 'http1.framing.malformed-coding':
    case 'http1.framing.unknown-coding':
      return framingRule(4);
    case 'http1.framing.malformed-length':
    case 'http1.framing.differing-lengths':
    case 'http1.framing.repeated-length':
      return framingRule(5);
    default:
      return undefined;
  }
}

function decision(number: number, text: string): Decision {
  return { text, rule: framingRule(number) };
}

function framingRule(number: number): string {
  return `RFC 9112 §6.3, rule ${number}`;
}

/** Whether the connection may carry another message, as its head asks for it. */
export function persistence(version: HttpVersion, headers: ReadonlyHeaderList, seen: number): NextAnatomy {
  const kept = wantsKeepAlive(version, headers, seen);
  const byDefault = kept === (version === 11);
  const does = kept ? 'keeps it' : 'closes it';
  const text = byDefault
    ? `HTTP/1.${version - 10} ${does} unless told otherwise`
    : `the Connection field says ${kept ? 'keep-alive' : 'close'}`;
  return { kept, text, rule: 'RFC 9112 §9.3' };
}

function bytes(count: number): string {
  return `${count.toLocaleString('en')} ${count === 1 ? 'byte' : 'bytes'}`;
}
