import { Buffer } from 'node:buffer';
import { hopByHopAnd } from '../http/hop-by-hop.ts';
import type { HeadPieces } from '../http/body.ts';
import type { HttpVersion } from '../http/head.ts';
import type { Response } from '../http/response.ts';
import type { BodyMode } from './message-writer.ts';
import { flat } from '../core/latin1.ts';
import { dateAndId, encodeFields, statusLine } from './encode-fields.ts';
import { knownField } from '../http/field-names.ts';
import { ReadyMessage } from './ready-message.ts';

/** What the wire keeps of an answer that is sent many times. */
interface Serialised {
  readonly serverHeader: string | undefined;
  /** The part of the head that does not depend on the request. */
  readonly fixed: string;
  /** The body as text, once it has been asked for. */
  body: string | undefined;
  /** The whole answer as bytes; undefined before it is asked for, or while the last ones are still being sent. */
  ready: ReadyMessage | undefined;
}

/** Written by the wire, or ours alone to say: an upstream's are replaced. */
const OMITTED = hopByHopAnd(knownField('date'), knownField('server'), knownField('x-request-id'));

const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const CHUNKED_END = `\r\n${CHUNKED}\r\n`;

/** How this answer's body goes out (RFC 9112 §6.3). */
export function responseBodyMode(response: Response, method: string, version: HttpVersion): BodyMode {
  const { status, body } = response;
  if (response.tunnel !== undefined) return 'tunnel';
  if (method === 'HEAD' || status === 304 || status === 204 || status < 200) return 'none';
  if (body === null || Buffer.isBuffer(body)) return 'whole';
  if (body.length !== undefined) return 'counted';
  return version === 11 ? 'chunked' : 'until-close';
}

/**
 * The serialised head, from the status line to the empty line. The part that does not depend on the request is kept
 * for an answer that is sent many times. `serverHeader`: value of the Server field; undefined for none.
 */
export function encodeResponseHead(
  response: Response,
  mode: BodyMode,
  version: HttpVersion,
  requestId: string,
  keepAlive: boolean,
  serverHeader: string | undefined,
): string {
  const begun = `${beginning(response, serverHeader)}${dateAndId()}${requestId}`;
  if (keepAlive && version === 11 && isFramedBefore(mode)) return `${begun}\r\n\r\n`;
  let head = `${begun}\r\n`;
  if (mode === 'chunked') head += CHUNKED;
  else if (mode === 'chunked-trailers') head += CHUNKED + trailerLine(response);
  if (mode === 'tunnel') head += tunnelLines(response);
  else if (!keepAlive) head += 'Connection: close\r\n';
  else if (version === 10) head += 'Connection: keep-alive\r\n';
  return `${head}\r\n`;
}

/** The same for a client of HTTP/1.1 whose connection is kept, in pieces that need not be joined first. */
export function headInPieces(
  response: Response,
  mode: 'counted' | 'chunked',
  requestId: string,
  serverHeader: string | undefined,
): HeadPieces {
  return [
    beginning(response, serverHeader),
    dateAndId(),
    requestId,
    mode === 'counted' ? '\r\n\r\n' : CHUNKED_END,
  ];
}

/** The part of the head that does not depend on the request; kept for an answer that is sent many times. */
function beginning(response: Response, serverHeader: string | undefined): string {
  return response.reusable
    ? serialised(response.original ?? response, serverHeader).fixed
    : fixedPart(response, serverHeader);
}

/** Whether the part of the head that does not depend on the request says where the body ends. */
function isFramedBefore(mode: BodyMode): boolean {
  return mode === 'whole' || mode === 'counted' || mode === 'none';
}

/** Which fields follow the body, as the handler or the upstream has announced them (RFC 9110 §6.6.2). */
function trailerLine({ headers }: Response): string {
  const announced = headers.getList('trailer');
  return announced === undefined ? '' : `Trailer: ${announced}\r\n`;
}

/** A switch of protocols is said twice (RFC 9110 §7.8); a CONNECT that succeeds has nothing to say (§9.3.6). */
function tunnelLines({ tunnel }: Response): string {
  return tunnel?.protocol === undefined ? '' : `Connection: upgrade\r\nUpgrade: ${tunnel.protocol}\r\n`;
}

/** The head of an interim answer (RFC 9110 §15.2), which is all there is of it. */
export function encodeInterimHead(interim: Response): string {
  return `${statusLine(interim.status, interim.reason)}${encodeFields(interim.headers, OMITTED, undefined)}\r\n`;
}

/** The body of a reusable answer as text, one character a byte; empty where it has none. */
export function bodyText(response: Response, serverHeader: string | undefined): string {
  const kept = serialised(response, serverHeader);
  kept.body ??= (response.body as Buffer | null)?.toString('latin1') ?? '';
  return kept.body;
}

/** A reusable answer with all its bytes, but for date and id. */
export function readyMessage(response: Response, serverHeader: string | undefined): ReadyMessage {
  const kept = serialised(response, serverHeader);
  kept.ready ??= new ReadyMessage(kept.fixed, response.body as Buffer | null);
  return kept.ready;
}

/** Its bytes are still being sent: the next one gets others. */
export function abandonReady(response: Response): void {
  (response.serialised as Serialised).ready = undefined;
}

function serialised(response: Response, serverHeader: string | undefined): Serialised {
  const kept = response.serialised as Serialised | undefined;
  if (kept !== undefined && kept.serverHeader === serverHeader) return kept;
  const made: Serialised = {
    serverHeader,
    fixed: flat(fixedPart(response, serverHeader)),
    body: undefined,
    ready: undefined,
  };
  response.serialised = made;
  return made;
}

function fixedPart(response: Response, serverHeader: string | undefined): string {
  const { status, headers } = response;
  const line = statusLine(status, response.reason);
  const fields = encodeFields(headers, OMITTED, undefined);
  const server = serverHeader === undefined ? '' : `Server: ${serverHeader}\r\n`;
  return `${line}${server}${fields}${contentLengthLine(response)}`;
}

/** An answer without content has no length of its own (RFC 9110 §8.6): the one of a 304 would be the full answer's. */
function contentLengthLine({ status, body, tunnel }: Response): string {
  if (status === 204 || status === 304 || status < 200 || tunnel !== undefined) return '';
  if (body === null) return 'Content-Length: 0\r\n';
  return body.length === undefined ? '' : `Content-Length: ${body.length}\r\n`;
}
