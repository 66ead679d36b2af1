/**
 * A site of many files, and requests for them by a law of Zipf: the file of rank r is asked for in proportion to 1/r.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { head } from './cell.ts';
import type { ManyPaths } from './many-paths.ts';
import { payloads } from './payloads.ts';

/** Files in the site. */
const siteFiles = 100_000;
const directories = 316;
const smallest = 1024;
const largest = 64 * 1024;

/** Requests in the sequence, which is gone through from another place in each run. */
const sequenceLength = 1_000_000;

/** Path and length of the file of a rank, counted from 1: ranks that follow each other lie in different directories. */
function siteFile(rank: number): { path: string; length: number } {
  const directory = (rank * 197) % directories;
  // Sizes are spread evenly over their logarithm, whatever the rank: half of the files have less than 8 KiB.
  const share = (Math.imul(rank, 2_654_435_761) >>> 0) / 2 ** 32;
  const length = Math.floor(smallest * (largest / smallest) ** share);
  return { path: `/site/d${directory}/page-${rank}.bin`, length };
}

const text = payloads['10m.bin'];

/** What is in it: of a text, from a place that depends on the rank. */
export function siteContent(rank: number): Buffer {
  const { length } = siteFile(rank);
  const start = (rank * 127) % (text.length - largest);
  return text.subarray(start, start + length);
}

export const siteRequest = (rank: number, authority: string): Buffer =>
  head('GET', siteFile(rank).path, authority, []);

export const zipf: ManyPaths = { name: 'zipf', prepare: writeSite, sequence, questions };

/** The most popular last. */
function* questions(authority: string): Generator<{ request: Buffer; expected: Buffer }> {
  for (let rank = siteFiles; rank > 0; rank--) {
    yield { request: siteRequest(rank, authority), expected: siteContent(rank) };
  }
}

/** All the files below a root: some 1.5 GB. */
function writeSite(root: string): void {
  mkdirSync(join(root, 'site'));
  for (let i = 0; i < directories; i++) mkdirSync(join(root, 'site', `d${i}`));
  for (let rank = 1; rank <= siteFiles; rank++) {
    writeFileSync(join(root, siteFile(rank).path), siteContent(rank));
  }
}

function sequence(): string {
  // Sums of 1/r: where a random number falls among them is a rank.
  const sums = new Float64Array(siteFiles);
  let sum = 0;
  for (let rank = 1; rank <= siteFiles; rank++) sums[rank - 1] = sum += 1 / rank;
  const lines: string[] = [];
  let state = 1;
  for (let i = 0; i < sequenceLength; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const point = (state / 2 ** 32) * sum;
    let low = 0;
    let high = siteFiles - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] < point) low = middle + 1;
      else high = middle;
    }
    lines.push(siteFile(low + 1).path);
  }
  return lines.join('\n');
}
