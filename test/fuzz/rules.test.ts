/** What the fuzzer would say: each of its rules has to be able to fail. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AccessRecord } from '../../src/observe/access-record.ts';
import { serve } from '../differential/ours.ts';
import type { Conversation } from '../support/memory-server.ts';
import { get } from '../support/message.ts';
import { checkConversation } from './conversation-rules.ts';
import { examining, Finding, type Oracle } from './finding.ts';
import { readAnswersByNode } from './given-answers.ts';
import { checkSame } from './outcome.ts';

const good = serve({ pieces: [Buffer.from(get('/a') + get('/b'))] }).conversation;
const refused = serve({ pieces: [Buffer.from('nonsense\r\n\r\n')] }).conversation;

function finds(oracle: Oracle, conversation: Conversation): void {
  assert.throws(
    () => checkConversation(conversation, 1),
    (error) => error instanceof Finding && error.oracle === oracle,
  );
}

function edited(conversation: Conversation, edit: (output: string) => string): Conversation {
  const output = Buffer.from(edit(conversation.output.toString('latin1')), 'latin1');
  return { ...conversation, output };
}

function logged(changes: Partial<AccessRecord>): Conversation {
  const [first, ...others] = good.log;
  return { ...good, log: [{ ...first, ...changes }, ...others] };
}

describe('the fuzzer', () => {
  test('lets pass what is as it should be', () => {
    assert.equal(checkConversation(good, 1).length, 2);
    assert.equal(checkConversation(refused, 1).length, 1);
  });

  test('finds an answer that is missing, cut off, malformed, or one too many', () => {
    finds(
      'answers',
      edited(good, (output) => output.slice(0, output.lastIndexOf('HTTP/1.1'))),
    );
    finds(
      'answers',
      edited(good, (output) => output.slice(0, -1)),
    );
    finds(
      'answers',
      edited(good, (output) => output.replace('Content-Type:', 'Content-Type :')),
    );
    finds(
      'answers',
      edited(good, (output) => output + output),
    );
  });

  test('finds a connection that is not closed behind an error', () => {
    finds(
      'answers',
      edited(refused, (output) => output.replace('Connection: close\r\n', '')),
    );
    finds(
      'answers',
      edited(refused, (output) => `${output}more`),
    );
  });

  test('finds a log line that is forged, out of shape, or not true', () => {
    finds('log', logged({ id: `${good.log[0].id} | error=x` }));
    finds('log', logged({ ip: '203.0.113.7\n' }));
    finds('log', logged({ status: 201 }));
    finds('log', logged({ bytes: 0 }));
  });

  test('finds a hang, an exception, and work without measure', () => {
    finds('hang', { ...good, settled: false });
    finds('exception', { ...good, failures: ['{}'] });
    finds('work', { ...good, work: 10_000 });
    finds(
      'work',
      edited(good, (output) => output + 'x'.repeat(100_000)),
    );
    const broken = (): never => {
      throw new RangeError('too deep');
    };
    assert.throws(() => examining(broken), /RangeError: too deep/);
  });

  test('finds an outcome that depends on the pieces', () => {
    assert.throws(() => checkSame([1, 2], [1, 3], [Buffer.alloc(2)]), /whole: +2\nin 2: 3/);
  });

  test('finds an answer that node:http reads as another one', async () => {
    const [answer] = checkConversation(good, 1);
    const bytes = Buffer.from(
      answer.bytes.toString('latin1').replace(/Content-Length: \d+/, 'Content-Length: 3'),
    );
    await assert.rejects(readAnswersByNode([{ ...answer, bytes }]), Finding);
  });
});
