import type { HeaderList } from '../../http/header-list.ts';
import { trimBlanks } from '../../http/list-members.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import { compileTemplate, variablesIn } from '../../pipeline/template.ts';
import type { FieldRules } from './schema.ts';

/** Rules, ready to be applied. */
export interface CompiledRules {
  /** Whether the same fields come of it whatever the exchange. */
  readonly fixed: boolean;
  /** What is set and added in an exchange: all that the changes depend on but the fields themselves. */
  valuesFor(exchange: Exchange): readonly string[];
  edit(fields: HeaderList, values: readonly string[]): void;
}

/** Compiles the rules for one side: they remove, replace, set and add, in this order. */
export function compileRules(rules: FieldRules, side: 'request' | 'response'): CompiledRules {
  const replace = rules.replace.map(({ name, regex, to }) => ({ name, regex: new RegExp(regex, 'g'), to }));
  const written = [...rules.set, ...rules.add];
  const fixed = written.every(([, value]) => variablesIn(value).length === 0);
  // A list under one name is set as a whole.
  const drop = [rules.remove, rules.set.map(([name]) => name)].map((names) => dropper(names, side));
  return {
    fixed,
    valuesFor: fixed ? constant(written.map(([, value]) => trimBlanks(value))) : valuesOf(written),
    edit: (fields, values) => {
      drop[0](fields);
      for (const { name, regex, to } of replace) {
        fields.change(name, (value) => trimBlanks(value.replace(regex, to)));
      }
      drop[1](fields);
      for (let i = 0; i < written.length; i++) appendTo(fields, written[i][0], values[i]);
    },
  };
}

const constant = (values: readonly string[]) => () => values;

function valuesOf(written: FieldRules['set']): CompiledRules['valuesFor'] {
  const templates = written.map(([, value]) => compileTemplate(value));
  return (exchange) => templates.map((valueFor) => trimBlanks(valueFor(exchange)));
}

/** A value of which nothing is left, such as `{upstream}` where no server has answered, makes no field. */
function appendTo(fields: HeaderList, name: string, value: string): void {
  if (value !== '') fields.append(name, value);
}

/**
 * Removes fields. CGI and WSGI make one variable of `-` and `_`: a client that sends `X_User` must not speak beside, or
 * instead of, the `X-User` that a rule has set.
 */
function dropper(names: readonly string[], side: 'request' | 'response'): (fields: HeaderList) => void {
  const plain = new Set(side === 'request' ? names.map(plainName) : []);
  return (fields) => {
    if (plain.size > 0 && mayHaveAliases(fields)) {
      const alike: string[] = [];
      for (const [each] of fields) if (each.includes('_') && plain.has(plainName(each))) alike.push(each);
      for (const each of alike) fields.delete(each);
    }
    for (const name of names) fields.delete(name);
  };
}

/** Cheap, and true too where the underscore stands in a value or in the target. */
function mayHaveAliases({ text, added }: HeaderList): boolean {
  return text.includes('_') || added.some((each) => each.includes('_'));
}

function plainName(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}
