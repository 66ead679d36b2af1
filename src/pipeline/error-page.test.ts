import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorCatalogue } from '../core/errors.ts';
import { errorPage, statusTitle } from './error-page.ts';

const ID = '1c4f0a52-7d1e-4b8e-9a43-5b2c9f0d6e11';

test('every page is at most 2.5 KB', () => {
  for (const { status, message } of Object.values(errorCatalogue)) {
    const size = Buffer.byteLength(errorPage(status, message, ID));
    assert.ok(size <= 2560, `${status} ${message}: ${size} bytes`);
  }
});

test('a page loads nothing', () => {
  const page = errorPage(404, 'There is nothing at this address.', ID);
  assert.doesNotMatch(page, /https?:|url\(|@import|<script|src=/);
  // An empty icon keeps the browser from asking for /favicon.ico, which may well be missing too.
  assert.deepEqual(page.match(/href="[^"]*"/g), ['href="data:,"']);
});

test('every status of the catalogue has a name', () => {
  for (const { status } of Object.values(errorCatalogue)) {
    assert.doesNotMatch(statusTitle(status), /^(Server Error|Request Refused)$/, String(status));
  }
});

test('a status without a name still has a page', () => {
  assert.match(errorPage(599, 'Odd.', ID), /<b>599<\/b> Server Error/);
  assert.match(errorPage(477, 'Odd.', ID), /<b>477<\/b> Request Refused/);
});

test('message and id are escaped', () => {
  const page = errorPage(400, '<script>alert("1")</script> & \'x\'', '"><img src=x onerror=alert(1)>');
  assert.ok(!page.includes('<script') && !page.includes('<img'));
  assert.ok(page.includes('&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62; &#38; &#39;x&#39;'));
});
