import { HeaderList } from '../../http/header-list.ts';
import type { Response } from '../../http/response.ts';
import { changeAnswer, type Feature } from '../../pipeline/compose.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import { compileRules } from './field-rules.ts';
import type { HeadersOptions } from './schema.ts';

/** The feature `headers` of a route: changes fields of its requests before the next handler, and of its answers after. */
export function createHeadersFeature({ request, response }: HeadersOptions): Feature {
  const editRequest = request && compileRules(request, 'request');
  const editResponse = response && compileRules(response, 'response');
  return (next) => {
    const derived =
      editRequest === undefined ? next : (exchange: Exchange) => next(withFields(exchange, editRequest.edit));
    if (editResponse === undefined) return derived;
    const { edit, fixed } = editResponse;
    const kept = new WeakMap<Response, Response>();
    const change = (answer: Response, exchange: Exchange): Response => {
      // An answer that is sent many times remains one where the change is always the same.
      if (!fixed || !answer.reusable) return answer.derive((fields) => edit(fields, exchange));
      const original = answer.original ?? answer;
      let changed = kept.get(original);
      if (changed === undefined) {
        changed = original.derive((fields) => edit(fields, exchange), true);
        kept.set(original, changed);
      }
      return answer === original ? changed : changed.withBody(answer.body);
    };
    return (exchange) => changeAnswer(derived, exchange, (answer) => change(answer, exchange));
  };
}

/** The client's own head stays as it is: the log and others read it. */
function withFields(exchange: Exchange, edit: (fields: HeaderList, exchange: Exchange) => void): Exchange {
  const headers = exchange.request.headers.derive();
  edit(headers, exchange);
  return exchange.derive({ ...exchange.request, headers });
}
