import { z } from 'zod';

/** A client stays with the server that has served it before. */
export interface StickyOptions {
  /** Name of the cookie. */
  readonly cookie: string;
  /** Whoever knows it can tell which server a cookie names. */
  readonly secret: string;
}

/** What a user may write under `sticky:`. */
export const stickySchema = z.strictObject({
  /** The name of the cookie that keeps a client with the server that has served it. */
  cookie: z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/, 'expected the name of a cookie'),
  /** The key of the cookie's hash. Default: made of the upstream's servers. */
  secret: z.string().min(1, 'expected a text that is not empty').optional(),
});
