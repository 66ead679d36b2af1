/**
 * The cases of `cases/*.md`: bytes that come, and what becomes of them. They go through the connections themselves, and
 * what comes of them is the same whole, cut at every place, byte by byte, to a reader that has no room, and twice in a row.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { bytewise, cutDeliveries, slowDeliveries, whole } from '../../test/support/case-deliveries.ts';
import type { Delivery } from '../../test/support/case-log.ts';
import { CASE_LIMITS, serveCase } from '../../test/support/request-case.ts';
import { askCase } from '../../test/support/response-case.ts';
import { readCases, type WireCase } from '../../test/support/wire-case.ts';
import { anatomyOfRequests } from './anatomy-request.ts';
import { anatomyOfResponses } from './anatomy-response.ts';

const cases = readCases(join(import.meta.dirname, 'cases'));

describe('the cases', () => {
  it('are at least 250', () => assert.ok(cases.length >= 250, `${cases.length} cases`));

  it('each name the section of the RFC', () => {
    assert.deepEqual(
      cases.filter(({ title }) => !/\(RFC \d{4} §[\dA-Z.]+\)$/.test(title)),
      [],
    );
  });
});

for (const [file, inFile] of Map.groupBy(cases, (each) => each.file)) {
  describe(file, () => {
    for (const wireCase of inFile) it(wireCase.title, () => check(wireCase));
  });
}

function check(wireCase: WireCase): void {
  const events = run(wireCase, whole(wireCase));
  if (!fits(events, wireCase.expected)) assert.deepEqual(events, wireCase.expected);
  for (const delivery of cutDeliveries(wireCase)) same(run(wireCase, delivery), events, delivery.name);
  for (const delivery of slowDeliveries(wireCase)) same(run(wireCase, delivery), events, delivery.name);
  if (wireCase.kind === 'request') checkUnread(wireCase);
  if (events.at(-1) === KEPT && !wireCase.ends) checkTwice(wireCase, events);
  checkPlace(wireCase, events);
}

const KEPT = 'then      kept';

function run(wireCase: WireCase, delivery: Delivery): string[] {
  return wireCase.kind === 'request'
    ? serveCase(delivery, wireCase.lenient, wireCase.waits.length > 0)
    : askCase(delivery, wireCase, 1);
}

/** Other events come of bodies that nobody reads, but the same however the bytes are cut. */
function checkUnread(wireCase: WireCase): void {
  const events = run(wireCase, { ...whole(wireCase), reader: 'none' });
  for (const delivery of cutDeliveries(wireCase)) {
    same(run(wireCase, { ...delivery, reader: 'none' }), events, `${delivery.name}, body unread`);
  }
}

/** On a connection that is kept, the same bytes come to the same a second time. */
function checkTwice(wireCase: WireCase, events: readonly string[]): void {
  if (wireCase.kind === 'response') {
    const twice = [...events, ...events];
    same(askCase(whole(wireCase), wireCase, 2), twice, 'twice on one connection');
    same(askCase(bytewise(wireCase), wireCase, 2), twice, 'twice on one connection, byte by byte');
    return;
  }
  const twice = [...events.slice(0, -1), ...events];
  same(run(wireCase, whole(wireCase, 2)), twice, 'pipelined');
  same(run(wireCase, { ...whole(wireCase, 2), reader: 'slow' }), twice, 'pipelined, to a slow reader');
  same(run(wireCase, bytewise(wireCase, 2)), twice, 'pipelined, byte by byte');
}

/**
 * The byte that is marked is the one that the refusal names, and `explain --raw` says the same as the connection. It
 * knows no leniencies, and of answers it also explains those that nobody has asked for.
 */
function checkPlace({ bytes, mark, kind, method, isLenient }: WireCase, events: readonly string[]): void {
  const refused = events.findLast((event) => REFUSAL.test(event)) ?? '';
  const told = / at (\d+)$/.exec(refused)?.[1];
  if (isLenient || (kind === 'response' && refused === '')) {
    assert.equal(told, mark?.toString(), 'the place that is marked');
    return;
  }
  const anatomy =
    kind === 'request' ? anatomyOfRequests(bytes, CASE_LIMITS) : anatomyOfResponses(bytes, method);
  const last = anatomy.messages.at(-1);
  const explained = last?.outcome === 'refused' ? last.refusal : undefined;
  if (kind === 'request') {
    const taken = anatomy.messages.filter(({ outcome }) => outcome === 'accepted').length;
    const read = events.filter((event) => event === 'end').length;
    assert.equal(Math.min(taken, CASE_LIMITS.requestsPerConnection), read, 'requests that are taken');
  }
  assert.equal(mark, explained?.offset, 'the place that is marked');
  if (explained === undefined) return;
  assert.ok(refused.includes(explained.code), `explained as ${explained.code}`);
  if (refused.startsWith('failed')) assert.ok(refused.endsWith(explained.detail ?? ''), explained.detail);
  if (kind === 'request' && mark !== undefined) assert.equal(Number(told), mark - (last?.offset ?? 0));
}

const REFUSAL = /^(?:refused|broken|failed) /;

function same(found: readonly string[], events: readonly string[], how: string): void {
  if (found.join('\n') !== events.join('\n')) assert.deepEqual(found, events, how);
}

/** Whether events are those that are expected, where `…` is any number of them. */
function fits(events: readonly string[], expected: readonly string[]): boolean {
  if (expected.length === 0) return events.length === 0;
  const [first, ...rest] = expected;
  if (first !== '…') return events[0] === first && fits(events.slice(1), rest);
  return events.some((_, from) => fits(events.slice(from), rest)) || rest.length === 0;
}
