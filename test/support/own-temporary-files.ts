import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { after, before, beforeEach } from 'node:test';
import { openBelow } from './static-handler.ts';
import { temporaryDirectory, type TemporaryDirectory } from './temp.ts';
import { until } from './until.ts';

/** Part of util-linux. */
const PRLIMIT = 'prlimit';

/** Why a test that looks at open files is skipped here. */
export const skipOpenFiles =
  process.platform === 'linux' ? false : 'open files are looked up in /proc, which Linux has';
/** Why a test that bounds the size or the number of files is skipped here. */
export const skipFileLimit =
  spawnSync(PRLIMIT, ['--version']).status === 0 ? skipOpenFiles : `${PRLIMIT} is not installed`;

/** The temporary files that this process makes: for the tests of a file, in a directory that only they use. */
export class OwnTemporaryFiles {
  #directory!: TemporaryDirectory;

  static perFile(): OwnTemporaryFiles {
    const files = new OwnTemporaryFiles();
    const usual = process.env['TMPDIR'];
    before(() => {
      files.#directory = temporaryDirectory();
    });
    beforeEach(() => {
      process.env['TMPDIR'] = files.#directory.path;
    });
    after(() => {
      if (usual === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = usual;
      files.#directory.remove();
    });
    return files;
  }

  /** How many are open, with a name or without. */
  get open(): number {
    return openBelow(this.#directory.path).length;
  }

  /** How many have a name. */
  get named(): number {
    return readdirSync(this.#directory.path).length;
  }

  /** For the rest of the test there is no place for them. */
  refuse(): void {
    process.env['TMPDIR'] = this.#directory.join('nowhere');
  }

  untilOpen(): Promise<boolean> {
    return until(() => this.open > 0, { what: 'a file is open', every: 2 });
  }

  untilNoneOpen(): Promise<boolean> {
    return until(() => this.open === 0, { what: 'the files are closed', every: 2 });
  }
}

/** Does something while no file may grow beyond so many bytes. */
export async function withFileLimit(bytes: number, act: () => Promise<void>): Promise<void> {
  // Who writes more is sent this, and ends where nobody heeds it.
  const heed = (): void => {};
  process.on('SIGXFSZ', heed);
  limitFiles(String(bytes));
  try {
    await act();
  } finally {
    limitFiles('unlimited');
    process.off('SIGXFSZ', heed);
  }
}

/** Does something while this process can open no file, and no other descriptor. */
export async function withoutDescriptors(act: () => Promise<void>): Promise<void> {
  const taken: number[] = [];
  const usual = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] as string;
  // The program that changes the limit back needs some for its pipes.
  limitDescriptors(String(readdirSync('/proc/self/fd').length + 32));
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch {
    // That was the last.
  }
  try {
    await act();
  } finally {
    for (const fd of taken) closeSync(fd);
    limitDescriptors(usual);
  }
}

function limitDescriptors(count: string): void {
  execFileSync(PRLIMIT, [`--pid=${process.pid}`, `--nofile=${count}:`]);
}

function limitFiles(bytes: string): void {
  execFileSync(PRLIMIT, [`--pid=${process.pid}`, `--fsize=${bytes}:`]);
}
