import { z } from 'zod';

/** How a server is chosen for a request. */
export type Balance =
  | 'round-robin'
  | 'least-requests'
  | 'random-two'
  /** The same server for the same `client-ip`, `uri`, `header:NAME` or `cookie:NAME`. */
  | { readonly hash: string };

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const KEY = new RegExp(`^(?:client-ip|uri|(?:header|cookie):${TOKEN})$`);

/** What a user may write under `balance:`. */
export const balanceSchema = z
  .union(
    [
      z.enum(['round-robin', 'least-requests', 'random-two']),
      z.strictObject({
        /** `client-ip`, `uri`, `header:x-user` or `cookie:user`. */
        hash: z.string().regex(KEY, 'expected `client-ip`, `uri`, `header:NAME` or `cookie:NAME`'),
      }),
    ],
    { error: 'expected `round-robin`, `least-requests`, `random-two` or `{ hash: … }`' },
  )
  .default('round-robin');
