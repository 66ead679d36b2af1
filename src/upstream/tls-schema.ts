import { z } from 'zod';

/** A host name. An address is proved by its URL already: a certificate for it is found without being asked for. */
const hostName = z
  .string()
  .regex(
    /^(?=.*[A-Za-z])(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?$/,
    'expected a host name, such as `app.internal`',
  );

const file = z.string().min(1, 'expected a file');

/** How TLS is spoken with the servers of an upstream. */
export const tlsSchema = z
  .strictObject({
    /** The name that is asked for and has to be in the certificate. Default: the host of the server's URL. */
    serverName: hostName.optional(),
    /** Certificates of those who sign the servers', in one PEM file. Default: those that Node.js comes with. */
    ca: file.optional(),
    /** Our own certificate, PEM, with those in between it and its CA. Default: none. */
    cert: file.optional(),
    /** The key of `cert`, PEM, not encrypted. */
    key: file.optional(),
    /** Whether the server has to prove who it is. Default true. */
    verify: z.boolean().default(true),
  })
  .superRefine(({ ca, cert, key, verify }, context) => {
    const mistake = (path: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [path], message });
    };
    if (cert !== undefined && key === undefined)
      mistake('cert', '`cert` needs `key`, the key that belongs to it');
    if (key !== undefined && cert === undefined)
      mistake('key', '`key` needs `cert`, the certificate it belongs to');
    if (ca !== undefined && !verify) mistake('ca', 'with `verify: false` nobody looks at `ca`');
  });
