import { Buffer } from 'node:buffer';
import { errorInfo } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { RequestHead } from '../http/head.ts';
import { HeaderList } from '../http/header-list.ts';
import { preferredMediaType } from '../http/negotiate.ts';
import { Response } from '../http/response.ts';
import { errorPage, statusTitle } from './error-page.ts';

/** What an error answer needs to know of its request. */
export interface ErrorContext {
  /** Undefined when the failure was in the head itself, so that there is none. */
  readonly request: RequestHead | undefined;
  /** The request's id, as in the log. */
  readonly id: string;
  /** Where the request broke a rule, in bytes from its first. */
  readonly at?: number | undefined;
  /** What led to it, for the log. */
  readonly cause?: string | undefined;
  /** The methods that are allowed, for 405 (RFC 9110 §15.5.6): `GET, HEAD`. */
  readonly allow?: string | undefined;
  /** More fields, as name, value, name, value: Retry-After, Content-Range and the like. */
  readonly headers?: readonly string[] | undefined;
}

type Form = 'text/html' | 'application/json' | 'text/plain';
const FORMS: readonly Form[] = ['text/html', 'application/json', 'text/plain'];

/**
 * The answer to a request that failed: status and message of the catalogue, in the form that the client would rather
 * have. HTML for who takes anything: browsers, and also curl, which says that it takes everything;
 * JSON or text for who names it. Who accepts none of the three gets JSON if it asked for a kind of JSON, else text.
 *
 * It is never stored by a cache, since it carries the id of one request.
 */
export function errorResponse(code: ErrorCode, context: ErrorContext): Response {
  const { status } = errorInfo(code);
  const form = preferredForm(context.request?.headers.getList('accept'));
  const headers = HeaderList.of(
    'Content-Type',
    `${form}; charset=utf-8`,
    'X-Content-Type-Options',
    'nosniff',
    'Cache-Control',
    'no-store',
    'Vary',
    'Accept',
  );
  if (context.allow !== undefined) headers.append('Allow', context.allow);
  if (context.headers !== undefined) headers.added.push(...context.headers);
  const body = Buffer.from(errorBody(form, code, context));
  return new Response(status, headers, body, { error: code, cause: context.cause });
}

function preferredForm(accept: string | undefined): Form {
  const form = preferredMediaType(accept, FORMS);
  if (form !== undefined) return form;
  return /[/+]json\b/i.test(accept as string) ? 'application/json' : 'text/plain';
}

function errorBody(form: Form, code: ErrorCode, { id, at }: ErrorContext): string {
  const { status, message, rule } = errorInfo(code);
  // Who broke a rule of the wire is told which, and where.
  const broken = code.startsWith('http1.') && rule !== undefined ? { rule, at } : undefined;
  switch (form) {
    case 'text/html':
      return errorPage(status, message, id, broken && brokenRule(broken));
    case 'application/json':
      return `${JSON.stringify({ status, error: code, message, ...broken, id })}\n`;
    case 'text/plain': {
      const lines = [`${status} ${statusTitle(status)}`, message, `Request id ${id}`];
      if (broken !== undefined) lines.splice(2, 0, brokenRule(broken));
      return `${lines.join('\n')}\n`;
    }
  }
}

/** `RFC 9112 §7.1, byte 57 of the request` */
function brokenRule({ rule, at }: { readonly rule: string; readonly at: number | undefined }): string {
  return at === undefined ? rule : `${rule}, byte ${at} of the request`;
}
