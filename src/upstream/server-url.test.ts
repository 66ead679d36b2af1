import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isServerUrl, parseServerUrl } from './server-url.ts';

describe('the URL of a server', () => {
  it('is scheme, host and port', () => {
    assert.deepEqual(parseServerUrl('http://Backend.Example:8000'), {
      url: 'http://backend.example:8000',
      hostname: 'backend.example',
      port: 8000,
      authority: 'backend.example:8000',
      secure: false,
      path: undefined,
    });
    assert.deepEqual(parseServerUrl('http://[::1]/'), {
      url: 'http://[::1]',
      hostname: '::1',
      port: 80,
      authority: '[::1]',
      secure: false,
      path: undefined,
    });
  });

  it('says with its scheme whether TLS is spoken', () => {
    assert.deepEqual(parseServerUrl('https://Backend.Example'), {
      url: 'https://backend.example',
      hostname: 'backend.example',
      port: 443,
      authority: 'backend.example',
      secure: true,
      path: undefined,
    });
  });

  it('is the path of a unix socket, where it has neither host nor port; its Host is localhost', () => {
    assert.deepEqual(parseServerUrl('unix:/run/app.sock'), {
      url: 'unix:/run/app.sock',
      hostname: '',
      port: 0,
      authority: 'localhost',
      secure: false,
      path: '/run/app.sock',
    });
  });

  it('is nothing else', () => {
    for (const text of [
      '',
      'a',
      'a:80',
      'ftp://a',
      'http://',
      'http://a/b',
      'http://a/?b',
      'http://a/#b',
      'http://u:p@a',
      'http://a:0',
      'http://a:99999',
      'unix:',
      'unix:///run/app.sock',
    ]) {
      assert.equal(typeof parseServerUrl(text), 'string', text);
    }
  });
});

describe('what a route proxies to', () => {
  it('is a server where it has a scheme, else the name of an upstream', () => {
    for (const text of ['http://a', 'https://a', 'unix:/run/app.sock', 'ftp://a'])
      assert.equal(isServerUrl(text), true);
    for (const text of ['a', 'a.example', 'unix']) assert.equal(isServerUrl(text), false);
  });
});
