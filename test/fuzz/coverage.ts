import { Session, type Profiler } from 'node:inspector/promises';
import { pathToFileURL } from 'node:url';
import { repositoryRoot } from '../support/source-files.ts';

const SOURCE = pathToFileURL(`${repositoryRoot}/src/`).href;

/**
 * Which parts of `src/` have run, block by block, as V8 counts them. One look costs about as much as an examination,
 * so several of these share it.
 */
export class Coverage implements Disposable {
  readonly #session = new Session();
  /** Blocks so far. */
  blocks = 0;
  /** For each script a byte for each of its characters: 1 where it has run. */
  readonly #ran = new Map<string, Uint8Array>();

  static async start(): Promise<Coverage> {
    const coverage = new Coverage();
    const session = coverage.#session;
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: false, detailed: true });
    await coverage.look();
    return coverage;
  }

  /** Forget what has run since the last look. */
  async skip(): Promise<void> {
    await this.#session.post('Profiler.takePreciseCoverage');
  }

  /** What has run since the last look, and in no look before: keys of scripts with offsets. */
  async look(): Promise<Set<string>> {
    const fresh = new Set<string>();
    for (const script of await this.#take()) {
      const now = painted(script);
      let ran = this.#ran.get(script.url) ?? new Uint8Array(0);
      if (ran.length < now.length) {
        const longer = new Uint8Array(now.length);
        longer.set(ran);
        ran = longer;
        this.#ran.set(script.url, ran);
      }
      let inFresh = false;
      for (let i = 0; i < now.length; i++) {
        const isFresh = now[i] === 1 && ran[i] !== 1;
        // A block is told by its first character.
        if (isFresh && !inFresh) fresh.add(`${script.url}:${i}`);
        if (isFresh) ran[i] = 1;
        inFresh = isFresh;
      }
    }
    this.blocks += fresh.size;
    return fresh;
  }

  /** Which of these places have run since the last look. */
  async ranOf(places: ReadonlySet<string>): Promise<string[]> {
    const scripts = new Map((await this.#take()).map((script) => [script.url, painted(script)]));
    return [...places].filter((place) => {
      const colon = place.lastIndexOf(':');
      return scripts.get(place.slice(0, colon))?.[Number(place.slice(colon + 1))] === 1;
    });
  }

  [Symbol.dispose](): void {
    this.#session.disconnect();
  }

  async #take(): Promise<Profiler.ScriptCoverage[]> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    return result.filter(({ url }) => url.startsWith(SOURCE));
  }
}

/** Ranges come from the outside in: the inner one has the last word. */
function painted({ functions }: Profiler.ScriptCoverage): Uint8Array {
  const end = Math.max(...functions.map(({ ranges }) => ranges[0].endOffset));
  const now = new Uint8Array(end);
  const ranges = functions.flatMap((each) => each.ranges);
  ranges.sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  for (const { startOffset, endOffset, count } of ranges) now.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return now;
}
