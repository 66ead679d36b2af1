import type { ServerCommand } from './server-list.ts';
import type { UpstreamChange } from './upstream.ts';

/** What is told of a command that has been carried out. */
export function operatorChange(upstream: string, command: ServerCommand): UpstreamChange {
  const nothing = { detail: undefined, explanation: undefined };
  switch (command.type) {
    case 'add': {
      const { url, weight } = command.server;
      return { upstream, server: url, state: 'added', ...nothing, weight };
    }
    case 'remove':
      return { upstream, server: command.url, state: 'removed', ...nothing };
    case 'state':
      return { upstream, server: command.url, state: command.state, ...nothing };
    case 'weight':
      return { upstream, server: command.url, state: 'weighted', ...nothing, weight: command.weight };
  }
}
