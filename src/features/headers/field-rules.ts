import type { HeaderList } from '../../http/header-list.ts';
import { trimBlanks } from '../../http/list-members.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import { compileTemplate, variablesIn } from '../../pipeline/template.ts';
import type { FieldRules } from './schema.ts';

/** Rules, ready to be applied. */
export interface CompiledRules {
  readonly edit: (fields: HeaderList, exchange: Exchange) => void;
  /** Whether the same fields come of it whatever the exchange. */
  readonly fixed: boolean;
}

/** Compiles the rules for one side: they remove, replace, set and add, in this order. */
export function compileRules(rules: FieldRules, side: 'request' | 'response'): CompiledRules {
  const { remove } = rules;
  const replace = rules.replace.map(({ name, regex, to }) => ({ name, regex: new RegExp(regex, 'g'), to }));
  const set = rules.set.map(compileField);
  const add = rules.add.map(compileField);
  const drop = side === 'request' ? removeWithAliases : removeField;
  return {
    fixed: [...rules.set, ...rules.add].every(([, value]) => variablesIn(value).length === 0),
    edit: (fields, exchange) => {
      for (const name of remove) drop(fields, name);
      for (const { name, regex, to } of replace) {
        fields.change(name, (value) => trimBlanks(value.replace(regex, to)));
      }
      // A list under one name is set as a whole.
      for (const { name } of set) drop(fields, name);
      for (const field of set) appendTo(fields, field, exchange);
      for (const field of add) appendTo(fields, field, exchange);
    },
  };
}

interface CompiledField {
  readonly name: string;
  readonly valueFor: (exchange: Exchange) => string;
}

function compileField([name, value]: readonly [name: string, value: string]): CompiledField {
  return { name, valueFor: compileTemplate(value) };
}

/** A value of which nothing is left, such as `{upstream}` where no server has answered, makes no field. */
function appendTo(fields: HeaderList, { name, valueFor }: CompiledField, exchange: Exchange): void {
  const value = trimBlanks(valueFor(exchange));
  if (value !== '') fields.append(name, value);
}

function removeField(fields: HeaderList, name: string): void {
  fields.delete(name);
}

/**
 * CGI and WSGI make one variable of `-` and `_`: a client that sends `X_User` must not speak beside, or instead of, the
 * `X-User` that a rule has set.
 */
function removeWithAliases(fields: HeaderList, name: string): void {
  const plain = plainName(name);
  const alike = [...fields]
    .map(([each]) => each)
    .filter((each) => each.includes('_') && plainName(each) === plain);
  for (const each of alike) fields.delete(each);
  fields.delete(name);
}

function plainName(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}
