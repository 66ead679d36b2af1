/**
 * Messages changed at random, as an attacker would: whatever comes of one, it is the same however its bytes are cut; and
 * what is taken has one meaning, also when it is written again for the next reader.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cuts, inPieces, mutation, type Mutation } from '../../test/support/arbitrary-messages.ts';
import type { Delivery } from '../../test/support/case-log.ts';
import { serveCase } from '../../test/support/request-case.ts';
import { askCase } from '../../test/support/response-case.ts';
import { readCases } from '../../test/support/wire-case.ts';
import { knownField } from '../http/field-names.ts';
import type { RequestHead } from '../http/head.ts';
import { hopByHopAnd } from '../http/hop-by-hop.ts';
import { encodeRequestHead } from './encode-request-head.ts';
import { leniencyOf, RESPONSE_LENIENCIES, STRICT } from './leniency.ts';
import { RequestHeadParser } from './parse-request-head.ts';

/** What is changed are the cases: most of them are a byte away from something that matters. */
const cases = readCases(join(import.meta.dirname, 'cases')).filter(({ bytes }) => bytes.length < 600);
const requests = cases.filter(({ kind }) => kind === 'request').map(({ bytes }) => bytes.toString('latin1'));
const responses = cases.filter(({ kind }) => kind === 'response');

const mutations = fc.array(mutation, { minLength: 1, maxLength: 4 });
const lenient = fc.constantFrom(STRICT, STRICT, STRICT, leniencyOf(RESPONSE_LENIENCIES));

function changed(message: string, changes: readonly Mutation[]): Buffer {
  return Buffer.from(
    changes.reduce((text, change) => change(text), message),
    'latin1',
  );
}

/** Whole, in pieces, byte by byte, and to a reader without room. */
function deliveriesOf(message: Buffer, places: readonly number[], ends: boolean): Delivery[] {
  const bytewise = Array.from(message, (_, i) => message.subarray(i, i + 1));
  const pieces = inPieces(message, places);
  return [
    { pieces: [message], ends, reader: 'ready' },
    { pieces, ends, reader: 'ready' },
    { pieces: bytewise, ends, reader: 'ready' },
    { pieces, ends, reader: 'slow' },
  ];
}

describe('a changed message', () => {
  it('from a client comes to the same however it is cut', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...requests),
        fc.option(fc.constantFrom(...requests), { nil: '' }),
        mutations,
        cuts,
        fc.boolean(),
        lenient,
        (first, second, changes, places, ends, leniency) => {
          const message = changed(first + second, changes);
          const [events, ...others] = deliveriesOf(message, places, ends).map((delivery) =>
            serveCase(delivery, leniency, false),
          );
          for (const each of others)
            assert.deepEqual(each, events, JSON.stringify(message.toString('latin1')));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('from a server comes to the same however it is cut', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...responses),
        mutations,
        cuts,
        fc.boolean(),
        lenient,
        ({ bytes, method, upgrade }, changes, places, ends, leniency) => {
          const message = changed(bytes.toString('latin1'), changes);
          const [events, ...others] = deliveriesOf(message, places, ends).map((delivery) =>
            askCase(delivery, { method, upgrade, lenient: leniency }, 1),
          );
          for (const each of others)
            assert.deepEqual(each, events, JSON.stringify(message.toString('latin1')));
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe('a changed request that is taken', () => {
  const limits = { headerBytes: 4096, headers: 64, uriBytes: 1024 };
  const omit = hopByHopAnd(knownField('host'));

  function parsed(text: string): RequestHead | undefined {
    const parser = new RequestHeadParser(limits);
    const bytes = Buffer.from(text, 'latin1');
    return parser.parse(bytes, 0, bytes.length) > 0 ? parser.head : undefined;
  }

  /** As the proxy sends it on. */
  function written({ method, form, path, query, authority, headers }: RequestHead): string {
    const head = {
      method,
      target: form === 'authority' ? authority : path + query,
      host: authority,
      headers,
      omit,
      nominated: undefined,
      added: [],
      upgrade: undefined,
      trailers: false,
      expectContinue: false,
      identified: false,
      reusable: false,
    };
    return encodeRequestHead(head, undefined);
  }

  /** What has to be the same for the next reader. */
  function meaning({ method, path, query, authority, headers }: RequestHead): unknown {
    const fields = [...headers].filter(([name]) => !/^(?:host|transfer-encoding)$/i.test(name));
    return { method, path, query, authority, fields };
  }

  it('means the same when it is written and read again, and is then written in the same way', () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.constantFrom(...requests), mutations, (message, changes) => {
        const head = parsed(changed(message, changes).toString('latin1'));
        if (head === undefined) return;
        taken++;
        const once = written(head);
        const again = parsed(once);
        assert.ok(again, JSON.stringify(once));
        assert.equal(written(again), once);
        const passedOn = meaning(head) as { fields: [string, string][] };
        const { fields } = meaning(again) as { fields: [string, string][] };
        assert.deepEqual(meaning(again), { ...passedOn, fields });
        // All that is gone are the fields of the one connection.
        let at = 0;
        for (const field of passedOn.fields) if (field.join() === fields[at]?.join()) at++;
        assert.equal(at, fields.length);
      }),
      { numRuns: 5000 },
    );
    assert.ok(taken > 500, `${taken} were taken`);
  });
});
