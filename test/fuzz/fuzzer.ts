import type { Coverage } from './coverage.ts';
import type { Finding } from './finding.ts';
import { generate, type Kind } from './generate.ts';
import { examine, type Input } from './input.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';

/** An input for which a rule does not hold. */
export interface Found {
  readonly input: Input;
  readonly finding: Finding;
}

/** Inputs that are remembered for more changes, of each kind; beyond it new ones take the place of others. */
const MOST_KEPT = 4000;

/** Inputs that share one look at what has run. */
const LOOK_EVERY = 32;

/**
 * Makes up messages, changes those that it knows, and has each examined. An input that comes to something new, by its
 * signature or by a block of the program that has not run before, is kept for further changes. The same seed and corpus
 * make the same inputs; with an eye on what runs nearly so, since V8 does not always tell the same.
 */
export class Fuzzer {
  executions = 0;
  /** Inputs that came to something new, and what that was, in their order. */
  readonly news: { readonly input: Input; readonly signature: string }[] = [];
  readonly signatures = new Set<string>();
  readonly #coverage: Coverage | undefined;
  readonly #recent: Input[] = [];
  readonly #random: Random;
  readonly #known: Record<Kind, Buffer[]> = { request: [], response: [] };

  constructor(seed: number, coverage?: Coverage) {
    this.#random = new Random(seed);
    this.#coverage = coverage;
  }

  /** Examines the corpus first: what it comes to is nothing new. */
  async begin(corpus: readonly Input[]): Promise<Found[]> {
    const found: Found[] = [];
    for (const input of corpus) {
      this.executions++;
      this.#known[input.kind].push(input.bytes);
      const examined = await examine(input);
      if ('finding' in examined) found.push({ input, finding: examined.finding });
      else this.signatures.add(examined.signature);
    }
    await this.#coverage?.look();
    return found;
  }

  /** One more input; answers what is wrong with it. */
  async step(): Promise<Found | undefined> {
    const input = this.#next();
    this.executions++;
    const examined = await examine(input);
    if ('finding' in examined) return { input, finding: examined.finding };
    const { signature } = examined;
    if (!this.signatures.has(signature)) {
      this.signatures.add(signature);
      this.#keep(input, signature);
    }
    if (this.#coverage !== undefined && this.#recent.push(input) === LOOK_EVERY)
      await this.#look(this.#coverage);
    return undefined;
  }

  /** Whether one of the recent inputs has run what none had run before, and if so which. */
  async #look(coverage: Coverage): Promise<void> {
    const fresh = await coverage.look();
    for (const input of this.#recent.splice(0)) {
      if (fresh.size === 0) return;
      await coverage.skip();
      await examine(input);
      const ran = await coverage.ranOf(fresh);
      if (ran.length === 0) continue;
      for (const place of ran) fresh.delete(place);
      const [first] = ran;
      const file = first.slice(first.indexOf('/src/') + 1, first.lastIndexOf(':'));
      this.#keep(input, `runs ${ran.length} blocks for the first time, one of them in ${file}`);
    }
  }

  #next(): Input {
    const random = this.#random;
    const kind = random.once(3) ? 'response' : 'request';
    const known = this.#known[kind];
    const made = known.length === 0 || random.once(4);
    const base = made ? generate(random, kind) : random.pick(known);
    const bytes = made && random.once(2) ? base : mutate(random, base, known);
    return { kind, bytes };
  }

  #keep(input: Input, signature: string): void {
    const { kind, bytes } = input;
    this.news.push({ input, signature });
    const known = this.#known[kind];
    if (known.length < MOST_KEPT) known.push(bytes);
    else known[this.#random.below(MOST_KEPT)] = bytes;
  }
}
