import assert from 'node:assert/strict';
import type { BodySource } from '../../src/http/body.ts';
import type { ResponseHead } from '../../src/http/head.ts';
import { HeaderList } from '../../src/http/header-list.ts';
import { hopByHopAnd } from '../../src/http/hop-by-hop.ts';
import type { Tunnel } from '../../src/http/response.ts';
import type { Requester } from '../../src/http1/client-connection-owner.ts';
import { ClientConnection } from '../../src/http1/client-connection.ts';
import { responseFraming } from '../../src/http1/framing.ts';
import type { Leniency } from '../../src/http1/leniency.ts';
import { CaseLog, CaseReader, type Delivery } from './case-log.ts';
import { LendingTransport } from './lending-transport.ts';
import { framingBits, versionText } from './request-case.ts';
import { writeBytes } from './wire-notation.ts';

const TIMEOUTS = { firstByte: 0, idle: 0 };

/** What the request was like that is answered, and what the server may get wrong. */
export interface Asked {
  readonly method: string;
  readonly upgrade: string | undefined;
  readonly lenient: Leniency;
}

/** Takes whatever the answer is, and reads its body; all that it hears goes into the log. */
class RecordingRequester implements Requester {
  reader: CaseReader | undefined = undefined;
  readonly #log: CaseLog;
  readonly #asked: Asked;
  readonly #slow: boolean;

  constructor(log: CaseLog, asked: Asked, slow: boolean) {
    this.#log = log;
    this.#asked = asked;
    this.#slow = slow;
  }

  responded(head: ResponseHead, body: BodySource): void {
    const { method, lenient } = this.#asked;
    const { status, version, headers } = head;
    this.#head('response', head);
    const framing = responseFraming(method, status, version, headers, framingBits(head), lenient);
    assert.ok(typeof framing === 'number', 'an answer that was taken has a framing');
    assert.equal(body.length, framing < 0 ? undefined : framing);
    this.#log.framing(framing);
    this.#read(body);
  }

  informed(head: ResponseHead): void {
    this.#head('interim', head);
  }

  switched(head: ResponseHead, body: BodySource, { protocol }: Tunnel): void {
    this.#head('response', head);
    this.#log.add('tunnel', protocol);
    this.#read(body);
  }

  failed(code: string, silent: boolean, detail: string | undefined): void {
    this.#log.add(
      'failed',
      code + (detail === undefined ? '' : `: ${detail}`) + (silent ? ', silently' : ''),
    );
  }

  #head(event: string, { status, reason, version, headers }: ResponseHead): void {
    this.#log.add(event, `${versionText(version)} ${status} ${writeBytes(reason)}`);
    this.#log.fields('field', headers);
  }

  #read(body: BodySource): void {
    const reader = new CaseReader(body, this.#slow, (error) => {
      if (error === undefined) reader.tell(this.#log);
      else this.#log.add('broken', error.code);
    });
    this.reader = reader;
    reader.start();
  }
}

/**
 * What a connection to a server makes of its bytes; the same exchange as often as `times` says, as long as the
 * connection is kept.
 */
export function askCase({ pieces, ends, reader }: Delivery, asked: Asked, times: number): string[] {
  const log = new CaseLog();
  let released = 0;
  let given = false;
  const gone = (): void => {
    given = true;
  };
  const owner = { released: () => void released++, detached: gone, closed: gone };
  const connection = new ClientConnection(owner, { timeouts: TIMEOUTS, lenient: asked.lenient });
  const transport = new LendingTransport(connection, true);
  connection.attach(transport);
  for (let time = 0; time < times && released === time && transport.state === 'open'; time++) {
    const requester = new RecordingRequester(log, asked, reader === 'slow');
    connection.send(requestHead(asked), null, requester);
    const settle = (): void => {
      while (requester.reader?.catchUp() === true) transport.deliver();
    };
    for (const piece of pieces) {
      transport.receive(piece);
      settle();
    }
    if (ends) transport.receiveEnd();
    settle();
    log.add('then', transport.state === 'open' ? (connection.free ? 'kept' : 'waiting') : 'closed');
  }
  const events = log.lines.slice();
  transport.destroy();
  assert.ok(given, 'the owner has heard that the connection is no longer its own');
  return events;
}

function requestHead({ method, upgrade }: Asked): Parameters<ClientConnection['send']>[0] {
  return {
    method,
    target: '/',
    host: 'a',
    headers: new HeaderList(),
    omit: hopByHopAnd(),
    nominated: undefined,
    added: [],
    upgrade,
    trailers: true,
    expectContinue: false,
    identified: false,
    reusable: false,
  };
}
