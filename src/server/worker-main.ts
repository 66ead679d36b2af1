import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { StartError } from '../config/config-error.ts';
import { ThreadServer } from './server.ts';
import { SharedState } from './shared-state.ts';
import { startFailure } from './start-failure.ts';
import type { SupervisorMessage, WorkerMessage, WorkerStart } from './worker-messages.ts';

// A worker thread: one server of its own on the ports that all share. What it throws later ends the thread, and the
// supervisor hears of it.

const supervisor = parentPort as MessagePort;
const { config, worker, workers, shared } = workerData as WorkerStart;

const tell = (message: WorkerMessage): void => supervisor.postMessage(message);

try {
  const server = new ThreadServer(config, new SharedState(workers, worker, shared), { reusePort: true });
  process.once('exit', () => server.flushLogs());
  supervisor.once('message', (_: SupervisorMessage) => {
    // In a worker this ends the thread.
    void server.close().then(() => process.exit(0));
  });
  tell({ type: 'listening', addresses: await server.listen() });
} catch (error) {
  const failure = startFailure(error, config.listeners);
  if (!(failure instanceof StartError)) throw error;
  tell({ type: 'failed', reason: failure.message });
}
