import { z } from 'zod';
import { fieldNumber, fieldNameOf } from '../../http/field-names.ts';
import { validField } from '../../http/header-list.ts';

/** What the `respond` end of a route does: gives the same answer to everyone. Built by the configuration, read by the handler. */
export interface RespondOptions {
  readonly status: number;
  readonly body: string;
  /** Field names and values, in order; Content-Type among them where there is a body. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Fields that the wire writes itself, from the body and the connection. */
const WRITTEN_BY_THE_SERVER = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'server',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-request-id',
]);

const headers = z.record(z.string(), z.string()).superRefine((fields, context) => {
  for (const [name, value] of Object.entries(fields)) {
    const known = fieldNumber(name);
    if (known !== 0 && WRITTEN_BY_THE_SERVER.has(fieldNameOf(known))) {
      context.addIssue({
        code: 'custom',
        path: [name],
        message: `\`${name}\` is written by the server itself`,
      });
    } else if (!validField(name, 'x')) {
      context.addIssue({ code: 'custom', path: [name], message: `\`${name}\` is not a field name` });
    } else if (!validField('x', value)) {
      context.addIssue({
        code: 'custom',
        path: [name],
        message: 'the value holds a byte that no field may hold',
      });
    }
  }
});

/** What a user may write under `respond:`; a string alone is `body`. */
export const respondSchema = z.union([
  z.string().transform((body) => toOptions({ status: 200, body, headers: {}, contentType: undefined })),
  z
    .strictObject({
      /** Status code, 200 to 599. Default 200. */
      status: z.int().min(200).max(599).default(200),
      /** The text to answer with. Default: none. */
      body: z.string().default(''),
      /** Media type of the body. Default `text/plain; charset=utf-8`. */
      contentType: z
        .string()
        .regex(
          /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:\s*;[\t\x20-\x7e]*)?$/,
          'expected a media type such as `text/html`',
        )
        .optional(),
      /** Other header fields. */
      headers: headers.default({}),
    })
    .superRefine(({ status, body }, context) => {
      if (body !== '' && (status === 204 || status === 304)) {
        context.addIssue({
          code: 'custom',
          path: ['body'],
          message: `an answer with status ${status} has no body`,
        });
      }
    })
    .transform(toOptions),
]);

function toOptions(input: {
  status: number;
  body: string;
  headers: Record<string, string>;
  contentType?: string | undefined;
}): RespondOptions {
  const fields = Object.entries(input.headers);
  const hasType = fields.some(([name]) => name.toLowerCase() === 'content-type');
  if (input.contentType !== undefined || (input.body !== '' && !hasType)) {
    fields.unshift(['content-type', input.contentType ?? 'text/plain; charset=utf-8']);
  }
  return { status: input.status, body: input.body, headers: fields };
}
