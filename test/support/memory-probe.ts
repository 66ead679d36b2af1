import type { Child } from './child.ts';

/** What a process is started with so that its memory can be looked at. */
export const MEMORY_PROBE = {
  NODE_OPTIONS: `--import=${new URL('./memory-probe-preload.ts', import.meta.url).href}`,
};

const LINE = /^memory probe: (\d+)$/;

/** Bytes that a DreamServer of one worker, which is its main thread, has in use when all is collected that can be. */
export async function bytesInUse(child: Child): Promise<number> {
  const looks = (): number[] => child.stderr.flatMap((line) => Number(LINE.exec(line)?.[1] ?? []));
  const before = looks().length;
  child.kill('SIGUSR2');
  return child.untilOutput('it tells what memory it uses', () => looks()[before]);
}
