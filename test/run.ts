/*
 * The one command that runs the tests: `npm test [-- PATTERN…]`.
 *
 *   PATTERN         a part of a test file's path, or a glob; without one, all files
 *   --unit, --e2e   only the files outside test/e2e and test/guard, only those inside
 *   --limit S       seconds that a file may take instead of 120 (--e2e: 600)
 *   --no-install    leave the machine's packages alone
 *   --strict        a todo, an only or a skip without a reason fails, as it does in CI
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { discover, holdsOnly, type TestFile } from './runner/discover.ts';
import { canInstall, install, missingPrograms } from './runner/install.ts';
import { printFile, printSummary, say, type Totals } from './runner/print.ts';
import { endAll, runFile, type FileReport } from './runner/run-file.ts';

const { values: options, positionals: patterns } = parseArgs({
  allowPositionals: true,
  options: {
    unit: { type: 'boolean', default: false },
    e2e: { type: 'boolean', default: false },
    limit: { type: 'string' },
    'no-install': { type: 'boolean', default: false },
    strict: { type: 'boolean', default: process.env['CI'] === 'true' },
    root: { type: 'string', default: join(import.meta.dirname, '..') },
  },
});
const root = resolve(options.root);
const scratch = mkdtempSync(join(tmpdir(), 'dreamserver-tests-'));
const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
const reports: FileReport[] = [];

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    endAll();
    rmSync(scratch, { recursive: true, force: true });
    process.exit(130);
  });
}

const files = discover(root, patterns).filter(({ isE2e }) => (isE2e ? !options.unit : !options.e2e));
if (files.some(({ isE2e }) => isE2e)) await provide();

// Units share the cores; whatever runs real programs has the machine for itself.
await runAll(
  files.filter(({ isE2e }) => !isE2e),
  Math.min(4, availableParallelism()),
);
await runAll(
  files.filter(({ isE2e }) => isE2e),
  1,
);

if (files.length === 0) say(`no test file matches ${patterns.join(' ') || `in ${root}`}`);
else if (totals.passed + totals.failed === 0) say('not a single test ran');
if (totals.passed + totals.failed === 0) totals.failed++;
rmSync(scratch, { recursive: true, force: true });
printSummary(reports, totals);
process.exitCode = totals.failed > 0 ? 1 : 0;

/** Sees to it that the real programs are there, or tells which tests cannot run. */
async function provide(): Promise<void> {
  const missing = missingPrograms();
  if (missing.length === 0) return;
  if (!options['no-install'] && canInstall()) {
    say(`installing the Debian packages of ${missing.join(', ')}`);
    const trouble = await install(missing);
    if (trouble === undefined) return;
    say(`could not install them: ${trouble}`);
    if (options.strict) totals.failed++;
  }
  say(`not installed: ${missing.join(', ')}. Tests that need them are counted as skipped.`);
}

async function runAll(queue: readonly TestFile[], concurrency: number): Promise<void> {
  const waiting = [...queue];
  const work = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) await runOne(file);
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

async function runOne(file: TestFile): Promise<void> {
  const seconds = Number(options.limit ?? (file.isE2e ? 600 : 120));
  const { path } = file;
  const report = await runFile({ root, path, scratch, limit: seconds * 1000, strict: options.strict });
  if (options.strict && holdsOnly(root, file)) {
    report.failures.push({ name: 'the file itself', detail: 'holds an only: its other tests did not run' });
  }
  totals.passed += report.passed;
  totals.failed += report.failures.length;
  totals.skipped += report.skips.length;
  reports.push(report);
  printFile(report);
}
