import { parseArgs } from 'node:util';

/** What the command line asks for: see main.ts. */
export interface FuzzOptions {
  readonly seconds: number;
  readonly executions: number | undefined;
  readonly seed: number | undefined;
  readonly replay: string | undefined;
  readonly coverage: boolean;
  readonly keep: boolean;
}

/** @throws Error saying what is wrong with the arguments */
export function parseOptions(args: readonly string[]): FuzzOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '60' },
      executions: { type: 'string' },
      seed: { type: 'string' },
      replay: { type: 'string' },
      coverage: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
    },
  });
  return {
    seconds: wholeNumber('seconds', values.seconds) ?? 0,
    executions: wholeNumber('executions', values.executions),
    seed: wholeNumber('seed', values.seed),
    replay: values.replay,
    coverage: values.coverage,
    keep: values.keep,
  };
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new Error(`--${name}: expected a whole number, got ${text}`);
  return Number(text);
}
