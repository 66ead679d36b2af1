import { relative } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from './usage-error.ts';

/** `dreamserver check [FILE]` */
export function addCheck(program: Command): void {
  program
    .command('check')
    .description('tell every mistake in a configuration, with its place, and start nothing')
    .argument('[file]', 'the configuration; else the one that run would take')
    .action(async (named: string | undefined) => {
      const { findConfig, loadConfig } = await import('../index.ts');
      const file = named ?? findConfig(process.cwd());
      if (file === undefined) throw new UsageError('there is no configuration here to check: name a file');
      const { listeners, routes, upstreams } = await loadConfig(file);
      const parts = [count(listeners, 'listener'), count(routes, 'route'), count(upstreams, 'upstream')];
      process.stdout.write(`${relative('', file) || file} is fine: ${parts.join(', ')}\n`);
    });
}

function count(list: readonly unknown[], noun: string): string {
  return `${list.length} ${noun}${list.length === 1 ? '' : 's'}`;
}
