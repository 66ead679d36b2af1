import { z } from 'zod';

/** What the feature `liveReload` of a route does: has its pages loaded anew when files change. Built by the configuration, read by the handler. */
export interface LiveReloadOptions {
  /** Absolute paths of the directories and files that are watched. */
  readonly watch: readonly string[];
}

const path = z.string().min(1, 'expected a directory or a file');

/** What a user may write under `liveReload:`; relative paths are made absolute by the configuration. */
export const liveReloadSchema = z
  .union(
    [path, z.array(path).min(1, 'expected a directory to watch')],
    'expected the directories to watch, such as `./public`',
  )
  .transform((given): LiveReloadOptions => ({ watch: [given].flat() }));
