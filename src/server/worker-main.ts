import { parentPort } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { StartError } from '../config/config-error.ts';
import { HealthBoard } from '../upstream/health-board.ts';
import { SlotBoard } from '../upstream/slot-board.ts';
import { ThreadServer } from './server.ts';
import { SharedState } from './shared-state.ts';
import { startFailure } from './start-failure.ts';
import type { StartOutcome, SupervisorMessage, WorkerMessage } from './worker-messages.ts';

// A worker thread: a server of its own on the ports that all share. It loads its code at once and serves when it is
// told what. What it throws later ends the thread, and the supervisor hears of it.

const supervisor = parentPort as MessagePort;
let server: ThreadServer | undefined;

const tell = (message: WorkerMessage): void => supervisor.postMessage(message);

supervisor.on('message', (message: SupervisorMessage) => {
  if (message.type === 'start') void start(message).then(tell);
  else if (message.type === 'command') void command(message);
  else if (message.type === 'cut-off') server?.cutOff();
  else if (message.type === 'reopen-log') server?.reopenLog();
  // In a worker, `exit` ends the thread.
  else void server?.close().then(() => process.exit(0));
});

async function start({
  config,
  worker,
  workers,
  shared,
  health,
  commands,
  slots,
  files,
}: SupervisorMessage & { type: 'start' }): Promise<StartOutcome> {
  try {
    const state = new SharedState(workers, worker, shared);
    const board = new HealthBoard(health);
    server = new ThreadServer(config, state, board, {
      reusePort: true,
      leads: worker === 0,
      files,
      threads: workers,
      slots: slots && new SlotBoard(config.upstreams.length, workers, worker, slots),
      observe: (change) => tell({ type: 'upstream', change }),
    });
    process.once('exit', () => server?.flushLogs());
    return { type: 'listening', addresses: await server.listen(commands) };
  } catch (error) {
    const failure = startFailure(error, config.listeners);
    if (!(failure instanceof StartError)) throw error;
    return { type: 'failed', reason: failure.message };
  }
}

async function command({ id, command: order }: SupervisorMessage & { type: 'command' }): Promise<void> {
  if (server !== undefined) tell({ type: 'done', id, servers: await server.command(order) });
}
