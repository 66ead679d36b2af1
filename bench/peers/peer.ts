import type { CellKind } from '../cells/cell.ts';
import type { Launch } from '../processes.ts';

/** What a server is asked to do: everything that its configuration has to say. */
export interface Task {
  kind: CellKind;
  /** Listen on this port of 127.0.0.1. */
  port: number;
  /** Serve these files at /. */
  root: string;
  /** Workers: threads, or processes, that serve. */
  workers: number;
  /** Memory for files, as in a cell. */
  fileCache: string | undefined;
  /** Proxy /proxy/* to these ports of 127.0.0.1, in turn. */
  backendPorts: readonly number[];
  /** One access log line a request goes to this file. */
  logFile: string;
  /** For configurations and whatever else the server wants to write. */
  folder: string;
}

export interface Peer {
  /** Stable, for --peers and the JSON. */
  id: string;
  title: string;
  kinds: readonly CellKind[];
  /** Has no way to serve with several workers. */
  oneWorker?: true;
  /** Its version, or an error that says what to install. */
  version(): string;
  /** Writes the configuration into the task's folder and returns the command that runs it in the foreground. */
  launch(task: Task): Launch & {
    /** The access log is the program's standard output. */
    logsToStdout?: true;
  };
}
