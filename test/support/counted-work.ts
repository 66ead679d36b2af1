import { Session } from 'node:inspector';

/** What V8 tells of a script (Profiler.takePreciseCoverage). */
interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[];
  }[];
}

type Method = (this: unknown, ...parameters: unknown[]) => unknown;

/**
 * Counts work instead of measuring time, so that how it grows can be asserted to the digit on a busy machine, and nothing
 * in the source has to be there for it. Two counts are added up:
 *
 *  - how often each block of the files in `src/` runs: V8 counts them for its coverage, exactly, optimised or not;
 *  - what native calls are given to do: V8 cannot look into those, but the bytes or characters that a copy, a comparison,
 *    a search or a pattern runs over are known at the call. (How a pattern backtracks inside is not seen.)
 *
 * Two runs of the same thing count the same.
 */
export class WorkCounter implements Disposable {
  readonly #session = new Session();
  readonly #restore: (() => void)[] = [];
  #native = 0;

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    const bytes = (length: (self: Buffer, ...numbers: number[]) => number): typeof length => length;
    this.#count(
      Buffer.prototype,
      'copy',
      bytes((self, _to, _at, from = 0, to = self.length) => to - from),
    );
    this.#count(
      Buffer.prototype,
      'latin1Slice',
      bytes((self, from = 0, to = self.length) => to - from),
    );
    this.#count(
      Buffer.prototype,
      'compare',
      bytes((self, _other, from = 0, to = self.length) => to - from),
    );
    this.#count(
      Buffer.prototype,
      'copyWithin',
      bytes((self, _to, from = 0, to = self.length) => to - from),
    );
    this.#count(Buffer.prototype, 'toString', (self: Buffer) => self.length);
    this.#count(Buffer, 'allocUnsafe', (_, length: number) => length);
    this.#count(Buffer, 'allocUnsafeSlow', (_, length: number) => length);
    for (const name of ['split', 'replaceAll', 'toLowerCase', 'includes', 'indexOf', 'match'] as const) {
      this.#count(String.prototype, name, (self: string) => self.length);
    }
    this.#count(RegExp.prototype, 'test', (_, text: string) => text.length);
    // One that replaces all, or splits, calls this for each match: its text is counted already.
    this.#count(RegExp.prototype, 'exec', (self: RegExp, text: string) => (self.global ? 0 : text.length));
    for (const name of ['slice', 'join', 'includes', 'indexOf', 'shift', 'map', 'filter'] as const) {
      this.#count(Array.prototype, name, (self: unknown[]) => self.length);
    }
  }

  /** What running this costs. */
  count(run: () => void): number {
    this.#blocks();
    this.#native = 0;
    run();
    const native = this.#native;
    return this.#blocks() + native;
  }

  [Symbol.dispose](): void {
    for (const restore of this.#restore) restore();
    this.#session.disconnect();
  }

  /** Executions of all blocks since the last call. */
  #blocks(): number {
    const native = this.#native;
    let total = 0;
    this.#session.post('Profiler.takePreciseCoverage', (error, coverage) => {
      if (error !== null) throw error;
      for (const { url, functions } of (coverage as Coverage).result) {
        if (!url.includes('/src/')) continue;
        for (const { ranges } of functions) for (const { count } of ranges) total += count;
      }
    });
    this.#native = native;
    return total;
  }

  /** Count a native method by the length of what it is given, the one that it runs over. */
  #count<Self>(owner: object, name: string, length: (self: Self, ...parameters: never[]) => number): void {
    const descriptor = Object.getOwnPropertyDescriptor(owner, name) ?? {
      value: Reflect.get(owner, name) as unknown,
      configurable: true,
      writable: true,
    };
    const inherited = !Object.hasOwn(owner, name);
    const method = descriptor.value as Method;
    const measure = length as (...parameters: unknown[]) => number;
    const add = (work: number): void => {
      this.#native += work;
    };
    Object.defineProperty(owner, name, {
      ...descriptor,
      value: function counted(this: unknown, ...parameters: unknown[]): unknown {
        add(measure(this, ...parameters));
        return method.apply(this, parameters);
      },
    });
    this.#restore.push(() => {
      if (inherited) Reflect.deleteProperty(owner, name);
      else Object.defineProperty(owner, name, descriptor);
    });
  }
}
