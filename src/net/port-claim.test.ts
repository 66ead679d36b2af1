import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accepts } from '../../test/support/ports.ts';
import { Listener } from './listener.ts';
import { claimPort } from './port-claim.ts';

const host = '127.0.0.1';

describe('a claim to a port', () => {
  it('is refused where somebody listens, whether he shares the port or not', async () => {
    for (const shares of process.platform === 'linux' ? [false, true] : [false]) {
      const listener = await Listener.open({ host, port: 0 }, shares, () => {});
      const port = listener.port as number;
      await assert.rejects(claimPort({ host, port }), { code: 'EADDRINUSE' });
      await assert.rejects(claimPort({ port }), { code: 'EADDRINUSE' });
      listener.close();
    }
  });

  it('is nothing that a client could connect to, and leaves the port free', async () => {
    const claim = await claimPort({ host, port: 0 });
    assert.notEqual(claim.port, 0);
    assert.equal(await accepts(claim.port), false);
    claim.release();
    const listener = await Listener.open({ host, port: claim.port }, false, () => {});
    assert.equal(await accepts(claim.port), true);
    listener.close();
  });

  it('fails with the error of the system', async () => {
    await assert.rejects(claimPort({ host: '192.0.2.1', port: 0 }), { code: 'EADDRNOTAVAIL' });
    await assert.rejects(claimPort({ host: 'no-such-host.invalid', port: 0 }), /ENOTFOUND|EAI_AGAIN/);
  });

  it('knows host names, and all addresses', async () => {
    for (const target of [{ host: 'localhost', port: 0 }, { port: 0 }]) {
      const claim = await claimPort(target);
      assert.notEqual(claim.port, 0);
      claim.release();
    }
  });
});
