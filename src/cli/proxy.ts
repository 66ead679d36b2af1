import type { Command } from 'commander';
import { listenersOf, listenOption } from './listen-option.ts';
import { serve } from './serve.ts';
import { UsageError } from './usage-error.ts';

/** Name of the upstream that several URLs are. */
const UPSTREAM = 'servers';

interface ProxyOptions {
  readonly listen?: readonly string[];
  readonly host?: string;
}

/** `dreamserver proxy URL… [--listen ADDR]… [--host NAME]` */
export function addProxy(program: Command): void {
  program
    .command('proxy')
    .description('pass requests on to a server, or to several in turn')
    .argument('<url...>', 'scheme, host and port, such as http://127.0.0.1:8000')
    .addOption(listenOption())
    .option(
      '--host <name>',
      "the Host field sent on: a name, `upstream` for the server's own; else the client's",
    )
    .action(async (urls: readonly string[], { listen, host = 'preserve' }: ProxyOptions) => {
      const { ConfigError, createServer } = await import('../index.ts');
      const server = createServer({
        workers: 'auto',
        upstreams: { [UPSTREAM]: { servers: [...urls] } },
        routes: [{ proxy: { to: UPSTREAM, host } }],
        ...(await listenersOf(listen)),
      });
      await serve(server).catch((error: unknown) => {
        if (!(error instanceof ConfigError)) throw error;
        // All of it comes from the command line, so what is wrong with it is wrong there.
        throw new UsageError(error.mistakes.map(({ message }) => message).join('; '), { cause: error });
      });
    });
}
