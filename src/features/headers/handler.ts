import { cameBefore } from '../../http/came-before.ts';
import type { RequestHead } from '../../http/head.ts';
import type { HeaderList } from '../../http/header-list.ts';
import type { Response } from '../../http/response.ts';
import { changeAnswer, type Feature } from '../../pipeline/compose.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import { type CompiledRules, compileRules } from './field-rules.ts';
import type { HeadersOptions } from './schema.ts';

/** The feature `headers` of a route: changes fields of its requests before the next handler, and of its answers after. */
export function createHeadersFeature({ request, response }: HeadersOptions): Feature {
  const requestRules = request && compileRules(request, 'request');
  const responseRules = response && compileRules(response, 'response');
  return (next) => {
    const derived =
      requestRules === undefined ? next : (exchange: Exchange) => next(withFields(exchange, requestRules));
    if (responseRules === undefined) return derived;
    const { fixed } = responseRules;
    const kept = new WeakMap<Response, Response>();
    const change = (answer: Response, exchange: Exchange): Response => {
      const edit = (fields: HeaderList): void =>
        responseRules.edit(fields, responseRules.valuesFor(exchange));
      // An answer that is sent many times remains one where the change is always the same.
      if (!fixed || !answer.reusable) return answer.derive(edit);
      const original = answer.original ?? answer;
      let changed = kept.get(original);
      if (changed === undefined) {
        changed = original.derive(edit, true);
        kept.set(original, changed);
      }
      return answer === original ? changed : changed.withBody(answer.body);
    };
    return (exchange) => changeAnswer(derived, exchange, (answer) => change(answer, exchange));
  };
}

/** A head whose fields were changed, and all that it depends on. */
class ChangedHead {
  readonly head: RequestHead;
  readonly #request: RequestHead;
  readonly #rules: CompiledRules;
  readonly #values: readonly string[];

  constructor(head: RequestHead, request: RequestHead, rules: CompiledRules, values: readonly string[]) {
    this.head = head;
    this.#request = request;
    this.#rules = rules;
    this.#values = values;
  }

  /** A request that was derived from another may have brought along what was made of that one. */
  fits(request: RequestHead, rules: CompiledRules, values: readonly string[]): boolean {
    return this.#request === request && this.#rules === rules && areSame(this.#values, values);
  }
}

/** The client's own head stays as it is: the log and others read it. One that comes again is changed once. */
function withFields(exchange: Exchange, rules: CompiledRules): Exchange {
  const { request } = exchange;
  const values = rules.valuesFor(exchange);
  const kept = request.derived;
  if (kept instanceof ChangedHead && kept.fits(request, rules, values)) return exchange.derive(kept.head);
  const headers = request.headers.derive();
  rules.edit(headers, values);
  // What was kept with the client's head is not brought along: each would hold on to the one before.
  const head: RequestHead = { ...request, headers, derived: undefined };
  if (cameBefore(request)) request.derived = new ChangedHead(head, request, rules, values);
  return exchange.derive(head);
}

function areSame(a: readonly string[], b: readonly string[]): boolean {
  return a === b || a.every((value, i) => value === b[i]);
}
