import { resolve } from 'node:path';
import type { z } from 'zod';
import type { serverSchema, UpstreamOptions, UpstreamServer } from '../upstream/schema.ts';
import { ServerList } from '../upstream/server-list.ts';
import type { AdminState, ServerCommand } from '../upstream/server-list.ts';
import { limitsRequests } from '../upstream/server-slots.ts';
import type { ServerSnapshot } from '../upstream/server-snapshot.ts';

/** A change of an upstream's servers that cannot be made: the message is one line that says why. */
export class ChangeError extends Error {
  override readonly name = 'ChangeError';
}

/** A server as it stands in a configuration: a URL, or `{ url, weight, backup }`. */
export type ServerSpec = z.input<typeof serverSchema>;

/** A change as a program asks for it. */
export type Wish =
  | { readonly type: 'add'; readonly server: ServerSpec }
  | { readonly type: 'remove'; readonly url: string }
  | { readonly type: 'state'; readonly url: string; readonly state: AdminState }
  | { readonly type: 'weight'; readonly url: string; readonly weight: number };

/** A command for the servers of an upstream; without one, they are only asked how they are. */
export interface UpstreamCommand {
  readonly upstream: string;
  readonly command: ServerCommand | undefined;
}

/** The threads that serve. */
export interface Commanded {
  /** Resolves when the command is in effect in each of them, with how the servers of the upstream are then. */
  command(command: UpstreamCommand): Promise<readonly ServerSnapshot[]>;
}

/** An upstream as it is by now, and whose turn it is to change it. */
interface Group {
  readonly options: UpstreamOptions;
  readonly list: ServerList;
  turn: Promise<unknown>;
}

/** Asked for before the start. */
interface Early {
  readonly upstream: string;
  readonly wish: Wish;
  readonly made: () => void;
  readonly refused: (error: unknown) => void;
}

/**
 * The changes of upstreams that a program asks for, from before the start until the end. Those of one upstream are made one
 * after the other, each in every thread before the next one begins, so that no thread can have them in another order.
 */
export class UpstreamCommands {
  readonly #directory: string;
  readonly #groups = new Map<string, Group>();
  /** Undefined from the start on. */
  #early: Early[] | undefined = [];
  readonly #begun = Promise.withResolvers<void>();
  readonly #listening = Promise.withResolvers<Commanded>();
  #closed: string | undefined = undefined;

  /** `directory`: what the relative paths of sockets start at. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#listening.promise.catch(() => {});
  }

  /**
   * The server starts. Answers the commands that its threads have to carry out before they listen.
   */
  async begin(upstreams: readonly UpstreamOptions[]): Promise<readonly UpstreamCommand[]> {
    for (const options of upstreams) {
      const list = new ServerList(options.servers);
      this.#groups.set(options.name, { options, list, turn: this.#listening.promise });
    }
    const early = this.#early ?? [];
    this.#early = undefined;
    this.#begun.resolve();
    const commands: UpstreamCommand[] = [];
    for (const { upstream, wish, made, refused } of early) {
      try {
        const group = this.#group(upstream);
        // What will be found for names is not known yet.
        const command = await this.#understand(group, wish, () => Promise.resolve([]));
        group.list.apply(command);
        commands.push({ upstream, command });
        void this.#listening.promise.then(made, refused);
      } catch (error) {
        refused(error);
      }
    }
    return commands;
  }

  /** The server listens, and these are its threads. */
  listening(threads: Commanded): void {
    this.#listening.resolve(threads);
  }

  /** No change is made any more. */
  close(reason: string): void {
    this.#closed ??= reason;
    const error = new ChangeError(this.#closed);
    for (const { refused } of this.#early ?? []) refused(error);
    this.#early = undefined;
    this.#begun.resolve();
    this.#listening.reject(error);
  }

  /** Resolves when the change is in effect in every thread. @throws ChangeError when it cannot be made */
  change(upstream: string, wish: Wish): Promise<void> {
    if (this.#early !== undefined) {
      const { promise, resolve: made, reject: refused } = Promise.withResolvers<void>();
      this.#early.push({ upstream, wish, made, refused });
      return promise;
    }
    return this.#inTurn(upstream, async (group, threads) => {
      const ask = (): Promise<readonly ServerSnapshot[]> => threads.command({ upstream, command: undefined });
      const command = await this.#understand(group, wish, ask);
      await threads.command({ upstream, command });
      group.list.apply(command);
    });
  }

  /** How the servers are, when the changes that were asked for before are made. @throws ChangeError as `change` */
  async servers(upstream: string): Promise<readonly ServerSnapshot[]> {
    if (this.#early !== undefined) await this.#begun.promise;
    return this.#inTurn(upstream, (_, threads) => threads.command({ upstream, command: undefined }));
  }

  async #inTurn<T>(upstream: string, task: (group: Group, threads: Commanded) => Promise<T>): Promise<T> {
    const group = this.#group(upstream);
    const result = group.turn.then(async () => {
      const threads = await this.#listening.promise;
      this.#group(upstream);
      return task(group, threads);
    });
    group.turn = result.catch(() => {});
    return result;
  }

  #group(upstream: string): Group {
    if (this.#closed !== undefined) throw new ChangeError(this.#closed);
    const group = this.#groups.get(upstream);
    if (group === undefined) {
      throw new ChangeError(`there is no upstream \`${upstream}\`; ${thereIs([...this.#groups.keys()])}`);
    }
    return group;
  }

  /** `ask`: how the servers are, those included that were found for names. */
  async #understand(
    { options, list }: Group,
    wish: Wish,
    ask: () => Promise<readonly ServerSnapshot[]>,
  ): Promise<ServerCommand> {
    const server = await this.#read(wish);
    const { url } = server;
    const listed = list.has(url);
    const running = listed ? [] : await ask();
    const found = running.find((each) => each.url === url);
    if (wish.type === 'add') {
      if (listed || found !== undefined)
        throw new ChangeError(`${url} is a server of \`${options.name}\` already`);
      if (server.maxRequests !== undefined && !limitsRequests(options)) {
        throw new ChangeError('`maxRequests` is for upstreams that have one in the configuration');
      }
      return { type: 'add', server };
    }
    if (!listed && found === undefined) {
      const urls = new Set([...list.servers, ...running].map((each) => each.url));
      throw new ChangeError(`\`${options.name}\` has no server ${url}; ${thereIs([...urls])}`);
    }
    if (wish.type === 'remove' && !listed) {
      const why = `is an address of ${found?.foundFor}, where it would be found again`;
      throw new ChangeError(`${url} ${why}: disable it, or remove the name`);
    }
    return wish.type === 'weight' ? { ...wish, url, weight: server.weight } : { ...wish, url };
  }

  /** As a configuration is read; the schema is not loaded before there is something to read. */
  async #read(wish: Wish): Promise<UpstreamServer> {
    const [{ serverSchema: schema }, { check }, { formatPath }] = await Promise.all([
      import('../upstream/schema.ts'),
      import('../config/mistakes.ts'),
      import('../config/config-path.ts'),
    ]);
    const read = check(schema, written(wish));
    if (read.mistakes !== undefined) {
      const told = read.mistakes.map(({ path, message }) =>
        [formatPath(path), message].filter(Boolean).join(': '),
      );
      throw new ChangeError(told.join('; '));
    }
    const server = read.output;
    return server.path === undefined ? server : { ...server, path: resolve(this.#directory, server.path) };
  }
}

/** The server that a wish is about, whatever a program without types has written. */
function written(wish: Wish): unknown {
  if (wish.type === 'add') return wish.server ?? {};
  return wish.type === 'weight' ? { url: wish.url, weight: wish.weight ?? null } : { url: wish.url };
}

/** How many names a message holds. */
const MOST_NAMES = 5;

function thereIs(names: readonly string[]): string {
  if (names.length === 0) return 'there is none';
  const some = names.slice(0, MOST_NAMES).map((name) => `\`${name}\``);
  return `there is ${some.join(', ')}${names.length > MOST_NAMES ? ', …' : ''}`;
}
