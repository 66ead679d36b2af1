import { z } from 'zod';
import { fieldNameOf, fieldNumber } from '../../http/field-names.ts';
import { validField } from '../../http/header-list.ts';
import { isHopByHop } from '../../http/hop-by-hop.ts';
import { REQUEST_VARIABLES, RESPONSE_VARIABLES, templateProblem } from '../../pipeline/template.ts';

/** A regular expression, and what stands in the place of each of its matches. */
export interface Replacement {
  readonly name: string;
  readonly regex: string;
  /** `$1` and `$<name>` stand for what the groups have matched. */
  readonly to: string;
}

/** Changes to the fields of one message, in the order in which they are made. */
export interface FieldRules {
  readonly remove: readonly string[];
  readonly replace: readonly Replacement[];
  /** Names and values; a value may hold variables. */
  readonly set: readonly (readonly [name: string, value: string])[];
  readonly add: readonly (readonly [name: string, value: string])[];
}

/** What the feature `headers` does on a route. Built by the configuration, read by the handler. */
export interface HeadersOptions {
  readonly request: FieldRules | undefined;
  readonly response: FieldRules | undefined;
}

/** Fields that have a writer already, and where to turn instead. */
const TAKEN: Readonly<Record<'request' | 'response', Readonly<Record<string, string>>>> = {
  request: {
    host: 'is what `host` of `proxy` says',
    expect: 'is written by the server itself',
    'x-request-id': 'is written by the server itself',
  },
  response: {
    date: 'is written by the server itself',
    server: 'is what `serverHeader` says',
    'x-request-id': 'is written by the server itself',
  },
};

type Side = keyof typeof TAKEN;

function nameProblem(name: string, side: Side): string | undefined {
  if (!validField(name, 'x')) return `\`${name}\` is not a field name`;
  const number = fieldNumber(name);
  if (number === 0) return undefined;
  if (isHopByHop(number)) return `\`${name}\` frames the message or concerns one connection only`;
  const { [fieldNameOf(number)]: why } = TAKEN[side];
  return why === undefined ? undefined : `\`${name}\` ${why}`;
}

function valueProblem(value: string, side: Side): string | undefined {
  if (!validField('x', value)) return 'the value holds a byte that no field may hold';
  return templateProblem(value, side === 'request' ? REQUEST_VARIABLES : RESPONSE_VARIABLES);
}

function regexProblem(source: string): string | undefined {
  try {
    RegExp(source);
    return undefined;
  } catch {
    return 'expected a regular expression';
  }
}

/** Text about which `problemOf` has nothing to say. */
const checked = (problemOf: (text: string) => string | undefined) =>
  z.string().superRefine((text, context) => {
    const message = problemOf(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

function rules(side: Side) {
  const name = checked((text) => nameProblem(text, side));
  const value = checked((text) => valueProblem(text, side));
  const values = z
    .record(name, z.union([value, z.array(value)]))
    .default({})
    .transform((fields) =>
      Object.entries(fields).flatMap(([field, given]) =>
        [given].flat().map((each) => [field, each] as const),
      ),
    );
  return z
    .strictObject({
      /** Names of fields that are left out. */
      remove: z.array(name).default([]),
      /** Names → `{ regex, to }`: each match of the expression in the field's values is replaced. */
      replace: z
        .record(
          name,
          z.strictObject({
            regex: checked(regexProblem),
            /** `$1` stands for what the first group has matched. */
            to: checked((text) =>
              validField('x', `x${text}x`) ? undefined : 'the text holds a byte that no field may hold',
            ),
          }),
        )
        .default({})
        .transform((fields) => Object.entries(fields).map(([field, how]) => ({ name: field, ...how }))),
      /** Names → values that take the place of whatever the field had. A value may hold variables; a list makes several. */
      set: values,
      /** Names → values that are added to those that are there. */
      add: values,
    })
    .optional();
}

/** What a user may write under `headers:`. */
export const headersSchema = z
  .strictObject({
    /** Fields of the request, as the route's end gets it. */
    request: rules('request'),
    /** Fields of the answer, as the client gets it. */
    response: rules('response'),
  })
  .transform(({ request, response }): HeadersOptions => ({ request, response }));
