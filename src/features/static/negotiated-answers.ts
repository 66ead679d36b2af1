import { Response } from '../../http/response.ts';
import { addVary } from '../../http/vary.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import { CachedFile } from './cached-file.ts';
import type { FileAnswers } from './file-answer.ts';
import type { Representations } from './representations.ts';

/** What is answered where files come in several codings: that of the form which the client would rather have. */
export class NegotiatedAnswers implements Pick<FileAnswers, 'answer'> {
  readonly #answers: FileAnswers;
  readonly #representations: Representations;

  constructor(answers: FileAnswers, representations: Representations) {
    this.#answers = answers;
    this.#representations = representations;
  }

  /** See `FileAnswers.answer`. */
  answer(exchange: Exchange, file: CachedFile): Response | Promise<Response | 'changed'> {
    if (file.variants === undefined) return this.#answers.answer(exchange, file);
    const form = this.#representations.choose(file, exchange.request.headers, exchange.startedAt);
    if (!(form instanceof CachedFile)) return this.#answerLater(exchange, form);
    const answer = this.#answers.answer(exchange, form);
    return answer instanceof Response ? varied(answer) : answer.then(varied);
  }

  async #answerLater(exchange: Exchange, form: Promise<CachedFile>): Promise<Response | 'changed'> {
    return varied(await this.#answers.answer(exchange, await form));
  }
}

/** A failed precondition and a range that cannot be satisfied are about the form that was chosen, too. */
function varied<Answer extends Response | 'changed'>(answer: Answer): Answer | Response {
  if (answer === 'changed' || answer.error === undefined) return answer;
  return answer.derive((headers) => addVary(headers, 'Accept-Encoding'));
}
