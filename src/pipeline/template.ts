import type { Exchange } from './exchange.ts';

/** What may stand in braces in a text of the configuration, and what it stands for. */
const variables: Readonly<Record<string, (exchange: Exchange) => string>> = {
  uri: (exchange) => pathOf(exchange) + exchange.request.query,
  path: pathOf,
  query: ({ request }) => request.query,
  /** Without the port; empty where the request names none. */
  host: ({ request }) => request.authority.replace(/:\d*$/, ''),
  proto: ({ client }) => client.scheme,
  'client-ip': ({ clientAddress }) => clientAddress,
  id: ({ id }) => id,
  /** The server that has answered; empty where none has. */
  upstream: ({ upstream }) => upstream ?? '',
};

/** The variables that are known before there is an answer. */
export const REQUEST_VARIABLES: readonly string[] = Object.keys(variables).filter(
  (name) => name !== 'upstream',
);
/** The variables that are known with the answer. */
export const RESPONSE_VARIABLES: readonly string[] = Object.keys(variables);

const VARIABLE = /\{([\w-]*)\}/;

/** The names in braces, known or not. */
export function variablesIn(template: string): string[] {
  return template.split(VARIABLE).filter((_, i) => i % 2 === 1);
}

/** What is wrong with a text whose variables have to be among these; undefined when nothing is. */
export function templateProblem(template: string, known: readonly string[]): string | undefined {
  const unknown = variablesIn(template).find((name) => !known.includes(name));
  if (unknown === undefined) return undefined;
  return `\`{${unknown}}\` is not known; there are ${known.map((name) => `\`{${name}}\``).join(', ')}`;
}

/** How the two kinds of text in a template are written where it goes. */
export interface TemplateEncoding {
  /** What the configuration says: Unicode. */
  literal(text: string): string;
  /** What the request says: latin1, one character a byte. */
  value(text: string): string;
}

const AS_IT_IS: TemplateEncoding = { literal: (text) => text, value: (text) => text };

/** Compiles a text whose variables are all known into a function that fills them in. */
export function compileTemplate(
  template: string,
  encoding: TemplateEncoding = AS_IT_IS,
): (exchange: Exchange) => string {
  // Even places are literal text, odd ones names.
  const parts = template.split(VARIABLE).map((part, i) => (i % 2 === 0 ? encoding.literal(part) : part));
  if (parts.length === 1) return () => parts[0];
  return (exchange) => {
    let text = parts[0];
    for (let i = 1; i < parts.length; i += 2) {
      text += encoding.value(variables[parts[i]](exchange)) + parts[i + 1];
    }
    return text;
  };
}

/** Only what starts with a slash: behind a host, anything else (`*`) would become part of its name. */
function pathOf({ request }: Exchange): string {
  return request.path.startsWith('/') ? request.path : '';
}
