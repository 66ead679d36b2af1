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
  const { status, message } = errorInfo(code);
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
  const body = Buffer.from(errorBody(form, status, code, message, context.id));
  return new Response(status, headers, body, { error: code });
}

function preferredForm(accept: string | undefined): Form {
  const form = preferredMediaType(accept, FORMS);
  if (form !== undefined) return form;
  return /[/+]json\b/i.test(accept as string) ? 'application/json' : 'text/plain';
}

function errorBody(form: Form, status: number, code: ErrorCode, message: string, id: string): string {
  switch (form) {
    case 'text/html':
      return errorPage(status, message, id);
    case 'application/json':
      return `${JSON.stringify({ status, error: code, message, id })}\n`;
    case 'text/plain':
      return `${status} ${statusTitle(status)}\n${message}\nRequest id ${id}\n`;
  }
}
