/** What our encoders write, our parsers read as what was meant: one opinion of the wire, not two. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import * as arbitrary from '../../test/support/arbitrary-messages.ts';
import { LendingTransport } from '../../test/support/lending-transport.ts';
import { parseFields } from '../../test/support/parse-fields.ts';
import type { BodySource } from '../http/body.ts';
import { knownField } from '../http/field-names.ts';
import type { OutgoingRequestHead, RequestHead, ResponseHead } from '../http/head.ts';
import type { HeaderList } from '../http/header-list.ts';
import { hopByHopAnd } from '../http/hop-by-hop.ts';
import { Response } from '../http/response.ts';
import { ChunkedDecoder } from './chunked.ts';
import { encodeRequestHead, requestBodyMode } from './encode-request-head.ts';
import { encodeResponseHead, responseBodyMode } from './encode-response-head.ts';
import { CHUNKED, requestFraming, responseFraming, UNTIL_CLOSE, wantsKeepAlive } from './framing.ts';
import { MessageWriter, type BodyMode } from './message-writer.ts';
import { RequestHeadParser } from './parse-request-head.ts';
import { ResponseHeadParser } from './parse-response-head.ts';

const LIMITS = { headerBytes: 65_536, headers: 100, uriBytes: 8192 };

/** Field lines with more or less white space around their values. */
const fieldLines = fc.array(fc.tuple(arbitrary.field, arbitrary.blanks, arbitrary.blanks), { maxLength: 8 });
type FieldLine = readonly [field: readonly [name: string, value: string], before: string, after: string];

function received(lines: readonly FieldLine[]): HeaderList {
  return parseFields(...lines.map(([[name, value], before, after]) => `${name}:${before}${value}${after}`));
}

function source(
  length: number | undefined,
  pieces: readonly Buffer[] = [],
  trailers?: HeaderList,
): BodySource {
  return {
    length,
    trailers,
    flow(sink) {
      for (const piece of pieces) sink.data(piece);
      sink.end();
    },
    resume: () => {},
    cancel: () => {},
  };
}

const bodyLength = fc.option(fc.option(fc.nat({ max: 1 << 20 }), { nil: undefined }), { nil: null });

describe('a request head that we write', () => {
  const parser = new RequestHeadParser(LIMITS);

  function parsed(text: string): { head: RequestHead; seen: number } {
    const bytes = Buffer.from(text, 'latin1');
    parser.reset();
    assert.equal(
      parser.parse(bytes, 0, bytes.length),
      bytes.length,
      `${parser.error}: ${JSON.stringify(text)}`,
    );
    assert.ok(parser.head);
    return { head: parser.head, seen: parser.seen };
  }

  it('is read with the method, target, host, fields and framing that were meant', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE'), arbitrary.token),
        arbitrary.normalPath,
        arbitrary.query,
        arbitrary.authority,
        fieldLines,
        bodyLength,
        (method, path, query, host, lines, length) => {
          fc.pre(method !== 'CONNECT');
          const outgoing: OutgoingRequestHead = {
            method,
            target: path + query,
            host,
            headers: received(lines),
            omit: hopByHopAnd(knownField('host')),
            nominated: undefined,
            added: [],
            upgrade: undefined,
            trailers: false,
            expectContinue: false,
            identified: false,
            reusable: false,
          };
          const { head, seen } = parsed(encodeRequestHead(outgoing, length));
          assert.deepEqual([head.method, head.form, head.path, head.query], [method, 'origin', path, query]);
          assert.deepEqual([head.authority, head.version], [host, 11]);
          const fields = [...head.headers].filter(
            ([name]) => !/^(?:host|content-length|transfer-encoding)$/i.test(name),
          );
          assert.deepEqual(
            fields,
            lines.map(([field]) => field),
          );
          const mode = requestBodyMode(outgoing, length === null ? null : source(length));
          const expected = mode === 'chunked' ? CHUNKED : (length ?? 0);
          assert.equal(requestFraming(head.version, head.headers, seen), expected);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('a response head that we write', () => {
  const parser = new ResponseHeadParser(LIMITS);

  function parsed(text: string): { head: ResponseHead; seen: number } {
    const bytes = Buffer.from(text, 'latin1');
    parser.reset();
    assert.equal(
      parser.parse(bytes, 0, bytes.length),
      bytes.length,
      `${parser.detail}: ${JSON.stringify(text)}`,
    );
    assert.ok(parser.head);
    return { head: parser.head, seen: parser.seen };
  }

  const FRAMING: Readonly<Record<BodyMode, number | undefined>> = {
    none: 0,
    whole: undefined,
    counted: undefined,
    chunked: CHUNKED,
    'chunked-trailers': CHUNKED,
    'until-close': UNTIL_CLOSE,
    tunnel: undefined,
  };
  const OURS = /^(?:date|server|x-request-id|content-length|transfer-encoding|connection)$/i;

  it('is read with the status, reason, fields, framing and persistence that were meant', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 599 }),
        fc.option(arbitrary.fieldValue, { nil: undefined }),
        fieldLines,
        bodyLength,
        fc.constantFrom('GET', 'HEAD', 'POST'),
        fc.constantFrom(10 as const, 11 as const),
        fc.boolean(),
        (status, reason, lines, length, method, version, keep) => {
          const body = length === null ? null : source(length);
          const response = new Response(status, received(lines), body, { reason });
          const mode = responseBodyMode(response, method, version);
          const keepAlive = keep && mode !== 'until-close';
          const id = '00000000-0000-4000-8000-000000000000';
          const { head, seen } = parsed(encodeResponseHead(response, mode, version, id, keepAlive, 'D'));
          assert.deepEqual([head.status, head.version], [status, 11]);
          if (reason !== undefined) assert.equal(head.reason, reason);
          assert.deepEqual(
            [...head.headers].filter(([name]) => !OURS.test(name)),
            lines.map(([field]) => field),
          );
          const framing = responseFraming(method, status, head.version, head.headers, seen);
          assert.equal(framing, FRAMING[mode] ?? length ?? 0);
          assert.equal(wantsKeepAlive(head.version, head.headers, seen), keepAlive);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('a chunked body', () => {
  /** What the decoder makes of it, cut at these places. */
  function decoded(
    message: Buffer,
    places: readonly number[],
  ): { data: string; trailers: unknown; left: number } {
    const decoder = new ChunkedDecoder();
    let data = '';
    let taken = 0;
    for (const piece of arbitrary.inPieces(message, places)) {
      // The decoder moves what it reads.
      const bytes = Buffer.from(piece);
      const result = decoder.decode(bytes, 0, bytes.length);
      assert.notEqual(result, 'refused', `${decoder.error} at ${decoder.errorOffset}`);
      data += bytes.toString('latin1', decoder.dataStart, decoder.dataEnd);
      taken += decoder.position;
      if (result === 'end') {
        return { data, trailers: [...(decoder.trailers ?? [])], left: message.length - taken };
      }
    }
    assert.fail('it has no end');
  }

  const pieces = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.nat({ max: 20_000 }).map((length) => new Uint8Array(length).fill(120)),
    ),
    { maxLength: 8 },
  );

  it('that we write is read with its bytes and trailers, however it is cut', () => {
    fc.assert(
      fc.property(pieces, fieldLines, arbitrary.cuts, (parts, lines, places) => {
        const fields = lines.filter(([[name]]) => name.startsWith('z'));
        const chunks = parts.map((part) => Buffer.from(part));
        const owner = { written: () => {} };
        const transport = new LendingTransport(SILENT, false);
        const writer = new MessageWriter(transport, 0, 0, owner);
        writer.send('', 'chunked-trailers', source(undefined, chunks, received(fields)));
        writer.flush();
        const message = Buffer.from(transport.sent, 'latin1');
        assert.deepEqual(decoded(message, places), {
          data: Buffer.concat(chunks).toString('latin1'),
          trailers: fields.map(([field]) => field),
          left: 0,
        });
      }),
      { numRuns: 500 },
    );
  });

  const chunk = fc.tuple(
    fc.uint8Array({ minLength: 1, maxLength: 40 }),
    arbitrary.chunkExtensions,
    fc.nat({ max: 5 }),
    fc.boolean(),
  );

  it('that others write, with extensions, zeros and capitals, is read with its bytes', () => {
    fc.assert(
      fc.property(
        fc.array(chunk, { maxLength: 6 }),
        arbitrary.chunkExtensions,
        fieldLines,
        arbitrary.cuts,
        (chunks, last, lines, places) => {
          const written = chunks.map(([bytes, extensions, zeros, capitals]) => {
            const digits = bytes.length.toString(16);
            const size = '0'.repeat(zeros) + (capitals ? digits.toUpperCase() : digits);
            return `${size}${extensions}\r\n${Buffer.from(bytes).toString('latin1')}\r\n`;
          });
          const trailer = lines.map(
            ([[name, value], before, after]) => `${name}:${before}${value}${after}\r\n`,
          );
          const text = `${written.join('')}0${last}\r\n${trailer.join('')}\r\nGET`;
          const { data, trailers, left } = decoded(Buffer.from(text, 'latin1'), places);
          assert.equal(data, Buffer.concat(chunks.map(([bytes]) => bytes)).toString('latin1'));
          assert.deepEqual(
            trailers,
            lines.map(([field]) => field),
          );
          assert.ok(left >= 0 && left <= 3, 'what follows is not touched');
        },
      ),
      { numRuns: 1000 },
    );
  });
});

const SILENT = { data: () => {}, ended: () => {}, drained: () => {}, closed: () => {} };
