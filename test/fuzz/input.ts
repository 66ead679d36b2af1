import { basename } from 'node:path';
import { examineAnswers } from './examine-answers.ts';
import { examineRequests } from './examine-requests.ts';
import { Finding } from './finding.ts';
import type { Kind } from './generate.ts';

/** What is sent to the engine: by a client, or by an upstream. */
export interface Input {
  readonly kind: Kind;
  readonly bytes: Buffer;
}

/** What has become of an input. */
export type Examined = { readonly signature: string } | { readonly finding: Finding };

let watcher: (input: Input) => void = () => {};

/** Have `watch` called with each input before it is examined. */
export function watchInputs(watch: (input: Input) => void): void {
  watcher = watch;
}

/** Milliseconds that the examination of some kilobytes may take, at the best of three times. */
const MOST_MS = 250;

export async function examine(input: Input): Promise<Examined> {
  watcher(input);
  try {
    const start = performance.now();
    const signature = await examineOnce(input);
    let best = performance.now() - start;
    // The machine may have had other things to do; not three times.
    for (let again = 0; best > MOST_MS && again < 2; again++) {
      const from = performance.now();
      await examineOnce(input);
      best = Math.min(best, performance.now() - from);
    }
    if (best > MOST_MS) return { finding: new Finding('work', `it takes ${Math.round(best)} ms`) };
    return { signature };
  } catch (error) {
    if (error instanceof Finding) return { finding: error };
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { finding: new Finding('exception', text, { cause: error }) };
  }
}

function examineOnce({ kind, bytes }: Input): Promise<string> {
  return kind === 'request' ? examineRequests(bytes) : examineAnswers(bytes);
}

/** Which side's messages a file holds: its name says so. */
export function kindOf(file: string): Kind {
  return basename(file).startsWith('response') ? 'response' : 'request';
}
