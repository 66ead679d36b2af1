import { Command, CommanderError } from 'commander';
import { addCheck } from './check.ts';
import { addExplain } from './explain.ts';
import { addFiles } from './files.ts';
import { addProxy } from './proxy.ts';
import { addRun } from './run.ts';
import { UsageError } from './usage-error.ts';

/** Exit codes: the configuration or the start is bad; the command line is. */
const FAILED = 1;
const MISUSED = 2;

/** Runs a command line, `argv` with the program and its script in front; sets the exit code. Never throws for what users do. */
export async function main(argv: readonly string[]): Promise<void> {
  try {
    if (argv[2] === '--version' || argv[2] === '-v') await printVersion();
    else await program().parseAsync(argv);
  } catch (error) {
    process.exitCode = await fail(error);
  }
}

function program(): Command {
  const command = new Command('dreamserver')
    .description('An HTTP reverse proxy and static file server. Without a command: run.')
    .option('-v, --version', 'print the version')
    .helpCommand(false)
    .showHelpAfterError('(dreamserver --help tells more)')
    .exitOverride();
  addRun(command);
  addFiles(command);
  addProxy(command);
  addCheck(command);
  addExplain(command);
  for (const each of command.commands) {
    each.showHelpAfterError(`(dreamserver ${each.name()} --help tells more)`);
    if (each.options.some(({ long }) => long === '--listen')) {
      each.configureOutput({ outputError: (text, write) => write(inOurWords(text)) });
    }
  }
  return command;
}

/** An option that other servers have gets the name that it has here, and not that of whichever is spelt most like it. */
function inOurWords(error: string): string {
  return error.replace(
    /^(error: unknown option '(?:-p|-l|-a|--port|--host|--bind|--address)(?:=.*)?')\n(?:\(Did you mean .*\)\n)?/,
    '$1\n(where to listen is --listen ADDRESS, such as --listen :3000)\n',
  );
}

async function printVersion(): Promise<void> {
  const { version } = await import('../index.ts');
  process.stdout.write(`${version}\n`);
}

/** Says what went wrong, where nobody has yet, and returns the exit code. */
async function fail(error: unknown): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : MISUSED;
  if (error instanceof UsageError) {
    say(`error: ${error.message}`);
    return MISUSED;
  }
  const { ConfigError, StartError } = await import('../index.ts');
  if (error instanceof ConfigError) say(error.message);
  else if (error instanceof StartError) say(`dreamserver: ${error.message}`);
  else if (isFromLostDirectory(error)) say('dreamserver: the working directory does not exist any more');
  else throw error;
  return FAILED;
}

/** Whatever is looked for by a relative path asks the system where we are. */
function isFromLostDirectory(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'uv_cwd';
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
