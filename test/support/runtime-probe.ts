import type { Child } from './child.ts';

/**
 * What a process is started with so that its heap's allocations can be counted; with the file that V8's trace of
 * deoptimisations is written to, where one is wanted.
 */
export function runtimeProbe(deoptTrace?: string): Record<string, string> {
  return {
    NODE_OPTIONS: `--import=${new URL('./runtime-probe-preload.ts', import.meta.url).href}`,
    ...(deoptTrace === undefined ? {} : { DEOPT_TRACE: deoptTrace }),
  };
}

const LINE = /^runtime probe: (\d+)$/;

/** Bytes that the heap of a DreamServer of one worker has given out since the last time, or since it began. */
export async function bytesAllocated(child: Child): Promise<number> {
  const looks = (): number[] => child.stderr.flatMap((line) => Number(LINE.exec(line)?.[1] ?? []));
  const before = looks().length;
  child.kill('SIGUSR2');
  return child.untilOutput('it tells what its heap has given out', () => looks()[before]);
}

/** One of V8's deoptimisations. */
export interface Deopt {
  /** Such as `wrong map`. */
  readonly reason: string;
  /** `src/http1/message-writer.ts:94:29 inlined at …`; empty where V8 names none. */
  readonly place: string;
}

const ROOT = new URL('../../', import.meta.url).href;

/** Those that a trace holds, in order. */
export function deoptsIn(trace: string): Deopt[] {
  return trace
    .split(/^\[bailout \(kind: /m)
    .slice(1)
    .map((text) => ({
      reason: /^[\w-]+, reason: (.*?)\): begin/.exec(text)?.[1] ?? text.slice(0, 80),
      place: (/;;; deoptimize at (.*)$/m.exec(text)?.[1] ?? '').replaceAll(ROOT, '').replaceAll(/[<>]/g, ''),
    }));
}
