/** What the thread that examines does, apart from the one that watches it: see main.ts. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { workerData } from 'node:worker_threads';
import { visible } from '../differential/reading.ts';
import { Coverage } from './coverage.ts';
import { corpusFolder, findingsFolder, keepInput, readCorpus } from './corpus.ts';
import { Fuzzer, type Found } from './fuzzer.ts';
import { examine, kindOf, watchInputs } from './input.ts';
import { minimise } from './minimise.ts';
import type { FuzzOptions } from './options.ts';
import { InputBoard } from './input-board.ts';

/** Findings after which it is time to look at them. */
const MOST_FINDINGS = 10;
/** News that are told one by one. */
const MOST_TOLD = 20;
/** Milliseconds between two lines that say how far it is. */
const EVERY = 10_000;

const { options, buffer } = workerData as {
  readonly options: FuzzOptions;
  readonly buffer: SharedArrayBuffer;
};
const board = new InputBoard(buffer);
watchInputs((input) => board.write(input));

process.exitCode = options.replay === undefined ? await fuzz() : await replay(options.replay);

async function replay(file: string): Promise<number> {
  const input = { kind: kindOf(file), bytes: readFileSync(file) };
  console.log(`${input.kind}: ${visible(input.bytes)}`);
  const examined = await examine(input);
  if ('finding' in examined) {
    console.log(`${examined.finding.oracle}: ${examined.finding.message}`);
    return 1;
  }
  console.log(`nothing found: ${examined.signature}`);
  return 0;
}

async function fuzz(): Promise<number> {
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32);
  const most = options.executions ?? Infinity;
  const ends = performance.now() + options.seconds * 1000;
  const corpus = readCorpus();
  console.log(`seed ${seed}, corpus of ${corpus.length}`);
  using coverage = options.coverage ? await Coverage.start() : undefined;
  const fuzzer = new Fuzzer(seed, coverage);
  const started = performance.now();
  const titles = new Set<string>();
  for (const found of await fuzzer.begin(corpus)) await tell(found, seed, titles);
  const known = fuzzer.signatures.size;
  let next = started + EVERY;
  while (performance.now() < ends && fuzzer.executions < most && titles.size < MOST_FINDINGS) {
    const found = await fuzzer.step();
    if (found !== undefined) await tell(found, seed, titles);
    if (performance.now() < next) continue;
    next += EVERY;
    console.log(progress(fuzzer, coverage, started, titles.size));
  }
  tellNews(fuzzer);
  console.log(
    `${progress(fuzzer, coverage, started, titles.size)} (${fuzzer.signatures.size - known} signatures beyond the corpus)`,
  );
  return titles.size > 0 ? 1 : 0;
}

function progress(
  { executions, signatures }: Fuzzer,
  coverage: Coverage | undefined,
  started: number,
  findings: number,
): string {
  const seconds = (performance.now() - started) / 1000;
  const blocks = coverage === undefined ? '' : `${coverage.blocks} blocks, `;
  const rate = Math.round(executions / seconds);
  return `${executions} executions in ${seconds.toFixed(1)} s, ${rate} a second, ${signatures.size} signatures, ${blocks}${findings} findings`;
}

/** The same rule broken in the same way is told once. */
async function tell({ input, finding }: Found, seed: number, titles: Set<string>): Promise<void> {
  const small = await minimise(input, finding);
  const [first] = small.finding.message.split('\n');
  const title = `${small.finding.oracle}: ${first.replaceAll(/"(?:[^"\\]|\\.)*"|\d+/g, '…')}`;
  if (titles.has(title)) return;
  titles.add(title);
  const file = relative(process.cwd(), keepInput(findingsFolder, small.input));
  console.log(`\nFINDING ${small.finding.oracle}, seed ${seed}`);
  console.log(`${visible(small.input.bytes)}\n${small.finding.message}`);
  console.log(`again: npm run fuzz -- --replay ${file}\n`);
}

function tellNews({ news }: Fuzzer): void {
  if (options.keep) {
    for (const { input } of news) keepInput(corpusFolder, input);
    console.log(`kept ${news.length} inputs in ${relative(process.cwd(), corpusFolder)}`);
    return;
  }
  for (const { signature } of news.slice(0, MOST_TOLD)) console.log(`new: ${signature}`);
  if (news.length > MOST_TOLD) console.log(`new: ${news.length - MOST_TOLD} more`);
  if (news.length > 0) console.log('the same with --keep adds the inputs to the corpus');
}
