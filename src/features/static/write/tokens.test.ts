import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { HeaderList } from '../../../http/header-list.ts';
import { TOKEN, tokensFile } from '../../../../test/support/put.ts';
import { temporaryDirectory } from '../../../../test/support/temp.ts';
import { hasToken, readTokens } from './tokens.ts';

const directory = temporaryDirectory();
after(() => directory.remove());

const DIGEST = createHash('sha256').update(TOKEN).digest('hex');
const admits = (content: string, ...credentials: string[]): boolean | undefined => {
  const fields = credentials.flatMap((each) => ['Authorization', each]);
  return hasToken(HeaderList.of(...fields), readTokens(tokensFile(directory, content)));
};

describe('who has a token', () => {
  for (const [kind, content] of [
    ['as it is', `# ours\n\n${TOKEN}\n`],
    ['as its digest', `sha256:${DIGEST}\n`],
    ['in capitals, with CRLF', `SHA256:${DIGEST.toUpperCase()}\r\n`],
    ['beside others', `another-token-of-theirs\n${TOKEN}\nsha256:${'0'.repeat(64)}`],
  ] as const) {
    it(`is admitted where the file has it ${kind}`, () => {
      assert.equal(admits(content, `Bearer ${TOKEN}`), true);
      assert.equal(admits(content, `bearer  ${TOKEN}`), true);
      assert.equal(admits(content, `Bearer ${TOKEN}x`), false);
      assert.equal(admits(content, `Bearer ${TOKEN.slice(1)}`), false);
    });
  }

  it('is not known by its digest', () => {
    assert.equal(admits(`sha256:${DIGEST}`, `Bearer ${DIGEST}`), false);
    assert.equal(admits(`sha256:${DIGEST}`, `Bearer sha256:${DIGEST}`), undefined);
  });

  it('has to bring it as a bearer, once', () => {
    for (const credentials of [
      [],
      [''],
      [TOKEN],
      ['Bearer'],
      [`Basic ${TOKEN}`],
      [`Bearer ${TOKEN} x`],
      [`Bearer ${TOKEN}`, `Bearer ${TOKEN}`],
    ]) {
      assert.equal(admits(TOKEN, ...credentials), undefined, credentials.join());
    }
  });
});

describe('a file of tokens', () => {
  const problem = (content: string, mode = 0o600): string => {
    const path = tokensFile(directory, content);
    chmodSync(path, mode);
    try {
      readTokens(path);
      return '';
    } catch (error) {
      return (error as Error).message.replace(path, 'FILE');
    }
  };

  it('has one', () => {
    assert.equal(problem('# none\n'), 'there is no token in FILE, which has one a line');
  });

  it('has none that could be guessed, and is not quoted', () => {
    for (const line of ['short', 'two words of a long token', 'sha256:abc', 'ünicode-is-no-token-at-all']) {
      assert.match(problem(`${TOKEN}\n${line}\n`), /^line 2 of FILE is neither a token \(16 or more of/);
      assert.ok(!problem(line).includes(line));
    }
  });

  it('is not there for everybody, unless it has digests alone', () => {
    assert.match(problem(TOKEN, 0o644), /^everybody may read the tokens in FILE/);
    assert.match(problem(TOKEN, 0o602), /^everybody may write to the file of tokens FILE/);
    assert.match(problem(`sha256:${DIGEST}`, 0o646), /^everybody may write/);
    assert.equal(problem(`sha256:${DIGEST}`, 0o644), '');
    assert.equal(problem(TOKEN, 0o640), '');
  });

  it('has to be there and of a bearable size', () => {
    assert.throws(() => readTokens(directory.join('none')), /^Error: the file .*none does not exist$/);
    assert.throws(() => readTokens(directory.path), /cannot be used \(EISDIR\)$/);
    assert.match(problem(`#${' '.repeat(2 ** 18)}`), /more than 262144 bytes/);
  });
});
