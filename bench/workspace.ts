import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import type { ManyPaths } from './cells/many-paths.ts';
import { payloads } from './cells/payloads.ts';

/** The folder of one bench run: files to serve, configurations, logs. Gone at the end. */
export interface Workspace {
  dir: string;
  /** The root of the static file servers. */
  root: string;
  /** The file of the paths that are asked for, one a line. */
  pathsFile(paths: ManyPaths): string;
  /** A fresh folder for one start of one server. */
  folder(name: string): string;
  remove(): void;
}

/** `lists`: the paths that are asked for, where those are many. */
export function openWorkspace(lists: Iterable<ManyPaths>): Workspace {
  const dir = mkdtempSync(join(tmpdir(), 'dreamserver-bench-'));
  // Readable for the unprivileged users to which nginx and HAProxy may switch.
  chmodSync(dir, 0o755);
  const root = join(dir, 'root');
  for (const folder of [root, join(root, 'proxy')]) {
    for (const [name, bytes] of Object.entries(payloads)) {
      const file = join(folder, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes);
    }
  }
  const pathsFile = (paths: ManyPaths) => join(dir, `${paths.name}.paths`);
  for (const paths of new Set(lists)) {
    paths.prepare(root);
    writeFileSync(pathsFile(paths), paths.sequence());
  }
  let folders = 0;
  return {
    dir,
    root,
    pathsFile,
    folder(name) {
      folders++;
      const path = join(dir, `${folders}-${name}`);
      mkdirSync(path);
      return path;
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
