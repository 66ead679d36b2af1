import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { preferredMediaType } from './negotiate.ts';

const OFFERS = ['text/html', 'application/json', 'text/plain'] as const;
const prefer = (accept: string | undefined): string | undefined => preferredMediaType(accept, OFFERS);

test('without a wish the first offer is given', () => {
  for (const accept of [undefined, '', '  ', '*/*', '*/*;q=0.1', 'text/*']) {
    assert.equal(prefer(accept), 'text/html', String(accept));
  }
});

test('browsers get HTML', () => {
  const chrome =
    'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7';
  const firefox = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
  const image = 'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8';
  for (const accept of [chrome, firefox, image]) assert.equal(prefer(accept), 'text/html', accept);
});

test('what was named goes before what a wildcard covers, at equal weight', () => {
  assert.equal(prefer('application/json, */*'), 'application/json');
  assert.equal(prefer('application/json, text/plain, */*'), 'application/json');
  assert.equal(prefer('*/*, text/plain'), 'text/plain');
  assert.equal(prefer('text/plain, text/*'), 'text/plain');
});

test('of what was named with equal weight the first goes first', () => {
  assert.equal(prefer('text/plain, application/json'), 'text/plain');
  assert.equal(prefer('application/json, text/html'), 'application/json');
  assert.equal(prefer('text/html, application/json'), 'text/html');
});

test('the highest weight wins, whatever the order', () => {
  assert.equal(prefer('text/html;q=0.8, application/json;q=0.9'), 'application/json');
  assert.equal(prefer('text/html;q=0.2, */*;q=0.3'), 'application/json');
  assert.equal(prefer('text/plain;q=1.000, text/html;q=0.999'), 'text/plain');
  assert.equal(prefer('TEXT/Plain ; Q=0.5 , text/html ; q=0.4'), 'text/plain');
});

test('the most specific range gives the weight (RFC 9110 §12.5.1)', () => {
  assert.equal(prefer('text/*;q=0.9, text/html;q=0.1, application/json;q=0.5'), 'text/plain');
  assert.equal(prefer('*/*;q=1, text/*;q=0.1'), 'application/json');
});

test('a weight of 0 excludes', () => {
  assert.equal(prefer('text/html;q=0, */*'), 'application/json');
  assert.equal(prefer('text/html;q=0.0'), undefined);
  assert.equal(prefer('*/*;q=0'), undefined);
});

test('nothing on offer is acceptable', () => {
  assert.equal(prefer('image/png'), undefined);
  assert.equal(prefer('application/problem+json'), undefined);
  assert.equal(prefer('garbage'), undefined);
});

test('parameters do not narrow a range, and their quotes hide commas and semicolons', () => {
  assert.equal(prefer('application/json;charset=utf-8'), 'application/json');
  assert.equal(prefer('text/html;x="a, text/plain";q=0.1, application/json;q=0.2'), 'application/json');
  assert.equal(prefer('text/html;x=";q=0.9";q=0.1, application/json;q=0.2'), 'application/json');
  assert.equal(prefer('text/html;x="\\"";q=0.1, text/plain;q=0.2'), 'text/plain');
});

test('what is malformed counts as absent', () => {
  assert.equal(prefer(',, ,text/plain'), 'text/plain');
  assert.equal(prefer('html, text/plain;q=0.1'), 'text/plain');
  assert.equal(prefer('*/html, text/plain'), 'text/plain');
  assert.equal(prefer('text/plain;q=high, text/html;q=0.9'), 'text/plain');
  assert.equal(prefer('text/plain;q=7, text/html;q=0.9'), 'text/plain');
});

test('any field value gives an offer or nothing, and never throws', () => {
  const piece = fc.constantFrom(
    'text/html',
    'text',
    '/',
    '*',
    ';',
    ',',
    'q',
    '=',
    '0',
    '.5',
    '"',
    '\\',
    ' ',
    '\t',
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const chosen = prefer(pieces.join(''));
      assert.ok(chosen === undefined || OFFERS.includes(chosen as (typeof OFFERS)[number]));
    }),
  );
});

test('a hostile field costs no more than its length', () => {
  for (const unit of ['"', '\\', '",', ';"', 'a/b;q="', ',']) {
    const started = process.cpuUsage();
    prefer(unit.repeat(32_768 / unit.length));
    const { user } = process.cpuUsage(started);
    assert.ok(user < 250_000, `${JSON.stringify(unit)} took ${user} µs`);
  }
});
