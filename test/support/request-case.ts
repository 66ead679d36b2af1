import assert from 'node:assert/strict';
import type { ErrorCode } from '../../src/core/errors.ts';
import type { BodySource } from '../../src/http/body.ts';
import type { RequestHead } from '../../src/http/head.ts';
import { Response } from '../../src/http/response.ts';
import { SEEN } from '../../src/http1/field-section.ts';
import { requestFraming } from '../../src/http1/framing.ts';
import type { Leniency } from '../../src/http1/leniency.ts';
import type {
  Refusal,
  ServerConnectionOptions,
  ServerConnectionOwner,
} from '../../src/http1/server-connection-owner.ts';
import { ServerConnection } from '../../src/http1/server-connection.ts';
import { errorResponse } from '../../src/pipeline/error-response.ts';
import { CaseLog, CaseReader, type Delivery, type ReaderKind } from './case-log.ts';
import { LendingTransport } from './lending-transport.ts';
import { fieldValues, parseResponse } from './parse-response.ts';
import { writeBytes } from './wire-notation.ts';

/** The bounds of the cases: small, so that what reaches them can be read. */
export const CASE_LIMITS: ServerConnectionOptions['limits'] = {
  headerBytes: 256,
  headers: 8,
  uriBytes: 64,
  bodyBytes: 64,
  requestsPerConnection: 8,
  minDataRate: 0,
};

const TIMEOUTS = { headers: 0, bodyIdle: 0, keepAlive: 0, writeStall: 0, tunnel: 0 };
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const AFTERWARDS = Buffer.from('GET /afterwards HTTP/1.1\r\nHost: a\r\n\r\n');

/** Takes every request, reads its body or does not, answers 200; all that it hears goes into the log. */
class RecordingOwner implements ServerConnectionOwner {
  readonly requestId = '00000000-0000-4000-8000-000000000000';
  readonly log = new CaseLog();
  /** The methods of what was answered: they decide how an answer is read. */
  readonly methods: string[] = [];
  readonly statuses: number[] = [];
  reader: CaseReader | undefined = undefined;
  connection!: ServerConnection;
  readonly #kind: ReaderKind;
  readonly #lenient: Leniency;

  constructor(kind: ReaderKind, lenient: Leniency) {
    this.#kind = kind;
    this.#lenient = lenient;
  }

  request(head: RequestHead, body: BodySource): void {
    const { log } = this;
    this.methods.push(head.method);
    log.add('request', requestText(head));
    log.fields('field', head.headers);
    const framing = requestFraming(head.version, head.headers, framingBits(head), this.#lenient);
    assert.ok(typeof framing === 'number', 'a request that was taken has a framing');
    assert.equal(body.length, framing < 0 ? undefined : framing);
    log.framing(framing);
    const answer = (): void =>
      this.#answer(head.method === 'CONNECT' ? this.#noTunnel(head) : new Response(200));
    if (this.#kind === 'none') return answer();
    const reader = new CaseReader(body, this.#kind === 'slow', (error) => {
      if (error !== undefined) return this.#answer(errorResponse(error.code, { request: head, id: '' }));
      reader.tell(log);
      answer();
    });
    this.reader = reader;
    reader.start();
  }

  refused({ code, at, head, line }: Refusal): Response {
    this.methods.push(head?.method ?? line?.method ?? '');
    this.log.add('refused', place(code, at));
    return errorResponse(code, { request: head, id: '', at });
  }

  replaced(code: ErrorCode): Response {
    assert.fail(`an answer was replaced: ${code}`);
  }

  finished(status: number, _bytes: number, error: ErrorCode | undefined, at: number | undefined): void {
    if (error !== undefined && this.log.lines.at(-1)?.startsWith('refused') === false && status !== 405) {
      this.log.add('broken', place(error, at));
    }
    this.log.add('answer', String(status));
    this.statuses.push(status);
    this.reader = undefined;
  }

  aborted(): void {}
  closed(): void {}

  /** CONNECT is refused where nobody has configured it. */
  #noTunnel(request: RequestHead): Response {
    return errorResponse('request.method-not-allowed', { request, id: '', allow: 'GET' });
  }

  #answer(response: Response): void {
    this.connection.respond(response);
  }
}

/** What a server connection makes of a client's bytes. */
export function serveCase(
  { pieces, ends, reader }: Delivery,
  lenient: Leniency,
  tellsContinue: boolean,
): string[] {
  const owner = new RecordingOwner(reader, lenient);
  const { log } = owner;
  const options = { limits: CASE_LIMITS, lenient, timeouts: TIMEOUTS, serverHeader: undefined };
  const connection = new ServerConnection(owner, options);
  owner.connection = connection;
  const transport = new LendingTransport(connection, false);
  transport.onWrite = (text) => {
    if (tellsContinue && text.endsWith(CONTINUE)) log.add('continue');
  };
  connection.attach(transport);
  const settle = (): void => {
    while (owner.reader?.catchUp() === true) transport.deliver();
  };
  for (const piece of pieces) {
    transport.receive(piece);
    settle();
  }
  if (ends) transport.receiveEnd();
  settle();
  // A client that has said all is not waited for.
  const closed = transport.state === 'ended' || transport.state === 'destroyed';
  log.add('then', thenText(transport, connection));
  checkAnswers(transport.sent, owner, closed);
  const events = log.lines.slice();
  if (closed) {
    // The last word is said: whatever still comes reaches nobody.
    transport.receive(AFTERWARDS);
    transport.receive(Buffer.from([0xff, 0, 0x0d]));
    assert.deepEqual(log.lines, events, 'nothing is read after the last answer');
  }
  transport.destroy();
  return events;
}

function thenText(transport: LendingTransport, connection: ServerConnection): string {
  if (transport.state === 'open') return connection.idle ? 'kept' : 'waiting';
  return transport.state === 'reset' ? 'reset' : 'closed';
}

/** What was sent are so many well-formed answers, and the last one says so where the connection ends by our will. */
function checkAnswers(sent: string, { methods, statuses }: RecordingOwner, closed: boolean): void {
  const bytes = Buffer.from(sent, 'latin1');
  let at = 0;
  for (const [i, status] of statuses.entries()) {
    const parsed = parseResponse(bytes.subarray(at), methods[i], true);
    assert.ok('response' in parsed, 'the answer is whole');
    const { response } = parsed;
    assert.equal(response.status, status);
    assert.deepEqual(
      response.interim.map((each) => each.status),
      response.interim.length === 0 ? [] : [100],
    );
    const saysClose = fieldValues(response, 'connection').includes('close');
    assert.ok(!saysClose || (closed && i === statuses.length - 1), 'only the last answer says close');
    at += parsed.consumed;
  }
  const rest = sent.slice(at);
  assert.ok(rest === '' || rest === CONTINUE, `nothing but answers is sent: ${rest}`);
}

function requestText({ method, form, path, query, authority, version }: RequestHead): string {
  const parts = { path, query, authority };
  const named = Object.entries(parts).filter(([, value]) => value !== '');
  return [
    method,
    form,
    ...named.map(([name, value]) => `${name}=${writeBytes(value)}`),
    versionText(version),
  ].join(' ');
}

export function versionText(version: number): string {
  return `HTTP/${(version / 10).toFixed(1)}`;
}

/** The bits by which a parser tells the framing fields of a head. */
export function framingBits({ headers }: Pick<RequestHead, 'headers'>): number {
  const length = headers.has('content-length') ? SEEN.contentLength : 0;
  return length | (headers.has('transfer-encoding') ? SEEN.transferEncoding : 0);
}

function place(code: ErrorCode, at: number | undefined): string {
  return at === undefined ? code : `${code} at ${at}`;
}
