import { styleText } from 'node:util';
import type { FileReport } from './run-file.ts';
import type { Problem } from './tally.ts';

export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/** One line for a file; below it what failed and why. */
export function printFile(report: FileReport): void {
  const mark = report.failures.length > 0 ? styleText('red', '✗') : styleText('green', '✓');
  const counts = [`${report.passed} passed`];
  if (report.failures.length > 0) counts.push(styleText('red', `${report.failures.length} failed`));
  if (report.skips.length > 0) counts.push(styleText('yellow', `${report.skips.length} skipped`));
  const time = styleText('dim', `${(report.milliseconds / 1000).toFixed(1)} s`);
  say(`${mark} ${report.path}  ${counts.join(', ')}  ${time}`);
  for (const failure of report.failures) {
    say(`  ${styleText('red', '✗')} ${failure.name}${place(report.path, failure)}`);
    say(indent(failure.detail, 6));
  }
  if (report.failures.length > 0 && report.output !== '') {
    say(`    ${styleText('dim', 'it wrote:')}`);
    say(indent(report.output, 6));
  }
  if (report.leftProcesses) say(`  ${styleText('yellow', '!')} left processes running; they were ended`);
}

/** What was skipped with its reasons, what failed once more by name, and the counts alone on the last line. */
export function printSummary(reports: readonly FileReport[], totals: Totals): void {
  const skips = reports.flatMap(({ path, skips }) => skips.map((skip) => ({ path, skip })));
  if (skips.length > 0) {
    say('\nskipped');
    for (const { path, skip } of skips) say(`  - ${path} › ${skip.name}: ${skip.detail}`);
  }
  const failed = reports.filter(({ failures }) => failures.length > 0);
  if (failed.length > 0) {
    say('\nfailed');
    for (const { path, failures } of failed) {
      for (const failure of failures) say(`  ✗ ${failure.name}${place(path, failure)}`);
    }
  }
  say('');
  say(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function place(path: string, problem: Problem): string {
  return styleText('dim', problem.line === undefined ? ` (${path})` : ` (${path}:${problem.line})`);
}

function indent(text: string, spaces: number): string {
  return text.replaceAll(/^(?=.)/gm, ' '.repeat(spaces));
}
