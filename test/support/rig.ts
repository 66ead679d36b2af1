import { afterEach, beforeEach } from 'node:test';
import { RawBackend } from './raw-backend.ts';

/** What stands before backends that a test plays. */
interface Rig {
  backends: readonly RawBackend[];
  /** Closes what stands before them, if there is anything. */
  stop(): Promise<void> | void;
}

/** Gives every test of the file new backends, and closes them and what stands before them after it. */
export function backendsPerTest(rig: Rig, count: number): void {
  beforeEach(async () => {
    rig.backends = await Promise.all(Array.from({ length: count }, () => RawBackend.start()));
  });
  afterEach(async () => {
    await rig.stop();
    for (const backend of rig.backends) backend[Symbol.dispose]();
  });
}
