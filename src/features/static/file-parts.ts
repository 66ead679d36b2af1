import { closeSync } from 'node:fs';
import type { ByteRange } from '../../http/range.ts';
import { FileBody } from './file-body.ts';

/**
 * Ranges of one open file, each as a body of its own. They share the descriptor: it is closed when the last of them has
 * ended, failed or been cancelled.
 */
export function fileParts(fd: number, ranges: readonly ByteRange[]): FileBody[] {
  let reading = ranges.length;
  const release = (): void => {
    if (--reading === 0) closeSync(fd);
  };
  return ranges.map(({ first, last }) => new FileBody(fd, first, last - first + 1, release));
}
