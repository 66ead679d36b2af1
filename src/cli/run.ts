import { existsSync, statSync } from 'node:fs';
import type { Command } from 'commander';
import type { ConfigSource } from '../index.ts';
import { listenersOf, listenOption } from './listen-option.ts';
import { serve } from './serve.ts';
import { UsageError } from './usage-error.ts';

/** What is served where there is no configuration. */
const DEFAULT_ROOT = 'staticfiles';

interface RunOptions {
  readonly config?: string;
  readonly listen?: readonly string[];
}

/** `dreamserver [run] [-c FILE] [--listen ADDR]…` */
export function addRun(program: Command): void {
  program
    .command('run', { isDefault: true })
    .description(
      `run a configuration: FILE, else ./dreamserver.{yaml,yml,json,config.ts,config.js}, else ./${DEFAULT_ROOT} on :8080`,
    )
    .option('-c, --config <file>', 'the configuration')
    .addOption(listenOption())
    .allowExcessArguments()
    .action(async (options: RunOptions, command: Command) => {
      const [word] = command.args;
      if (word !== undefined) throw new UsageError(noCommand(word, program));
      const { Server } = await import('../index.ts');
      const { value, origin } = await configuration(options.config);
      leaveLostDirectory();
      const listeners = await listenersOf(options.listen);
      const isMap = typeof value === 'object' && value !== null;
      await serve(new Server({ value: isMap ? { ...value, ...listeners } : value, origin }));
    });
}

/** What somebody may have meant by a word that is no command: one of the commands, a configuration, or a folder. */
function noCommand(word: string, program: Command): string {
  const stats = statSync(word, { throwIfNoEntry: false });
  const names = program.commands.map((command) => command.name());
  const near = names.find((name) => name.startsWith(word) || word.startsWith(name));
  let help = 'dreamserver --help lists them';
  if (near !== undefined) help = `did you mean \`${near}\`?`;
  else if (stats?.isDirectory() === true) help = `a folder is served by \`dreamserver files ${word}\``;
  else if (stats?.isFile() === true) help = `a configuration is run by \`dreamserver run -c ${word}\``;
  else if (/^https?:/.test(word)) help = `requests are passed on by \`dreamserver proxy ${word}\``;
  return `there is no command \`${word}\`; ${help}`;
}

/** Node starts no thread in a directory that has been removed, though nothing is looked for there any more. */
function leaveLostDirectory(): void {
  try {
    process.cwd();
  } catch {
    process.chdir('/');
  }
}

async function configuration(named: string | undefined): Promise<ConfigSource> {
  const { findConfig, readConfig, StartError } = await import('../index.ts');
  const file = named ?? findConfig(process.cwd());
  if (file !== undefined) return readConfig(file);
  if (existsSync(DEFAULT_ROOT)) {
    return { value: { routes: [{ files: DEFAULT_ROOT }] }, origin: { directory: process.cwd() } };
  }
  throw new StartError(
    `there is neither a dreamserver.yaml nor a folder ${DEFAULT_ROOT} here; dreamserver --help tells how to start`,
  );
}
