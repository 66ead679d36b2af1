import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface TemporaryDirectory extends Disposable {
  readonly path: string;
  /** Absolute path of something inside. */
  join(...parts: string[]): string;
  /** Writes a file, makes the folders above it, and returns its absolute path. */
  write(name: string, content: string | Uint8Array): string;
  remove(): void;
}

const present = new Set<TemporaryDirectory>();
process.on('exit', () => {
  for (const directory of present) directory.remove();
});

/** A new directory under the system's temporary directory; removed by `remove`, `using`, or at exit. */
export function temporaryDirectory(): TemporaryDirectory {
  const path = mkdtempSync(join(tmpdir(), 'dreamserver-test-'));
  const directory: TemporaryDirectory = {
    path,
    join: (...parts) => join(path, ...parts),
    write(name, content) {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      return file;
    },
    remove() {
      rmSync(path, { recursive: true, force: true, maxRetries: 3 });
      present.delete(directory);
    },
    [Symbol.dispose]: () => directory.remove(),
  };
  present.add(directory);
  return directory;
}
