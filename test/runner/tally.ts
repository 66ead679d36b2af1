/** What the process of one test file says about itself, in the order in which it said it. */
export type FileEvent =
  | { readonly type: 'started'; readonly name: string; readonly nesting: number }
  | { readonly type: 'finished'; readonly name: string; readonly nesting: number }
  | ResultEvent
  /** What went wrong outside of any test, such as an exception after its test's end. */
  | { readonly type: 'complaint'; readonly message: string }
  | { readonly type: 'ended' };

/** Results come in the order of declaration, children before their parent. */
export interface ResultEvent {
  readonly type: 'result';
  readonly name: string;
  readonly nesting: number;
  readonly line: number;
  readonly passed: boolean;
  readonly isSuite: boolean;
  /** `true` is a skip without a reason. */
  readonly skip?: string | true;
  readonly todo?: boolean;
  /** Why it failed; absent where only its children did. */
  readonly error?: string;
}

export interface Problem {
  /** The names from the outermost suite inwards, joined by ` › `. */
  readonly name: string;
  readonly line?: number;
  readonly detail: string;
}

/** Counts are of leaves: a suite, or a test with subtests, counts only when it fails by itself. */
export interface FileTally {
  passed: number;
  failures: Problem[];
  skips: Problem[];
  /** Tests that were still running when the process ended. */
  unfinished: string[];
  complaints: string[];
  /** Whether the runner inside the process came to its end. */
  ended: boolean;
}

interface Node {
  readonly result: ResultEvent;
  readonly children: readonly Node[];
}

/** `strict` turns what must not be committed, a todo or a skip without a reason, into failures. */
export function tally(events: readonly FileEvent[], strict: boolean): FileTally {
  const counted: FileTally = {
    passed: 0,
    failures: [],
    skips: [],
    unfinished: [],
    complaints: [],
    ended: false,
  };
  // pending[n]: the results at nesting n whose parent has not reported yet
  const pending: Node[][] = [];
  for (const event of events) {
    if (event.type === 'ended') counted.ended = true;
    else if (event.type === 'complaint') counted.complaints.push(event.message);
    else if (event.type === 'started') counted.unfinished.push(event.name);
    else if (event.type === 'finished') removeLast(counted.unfinished, event.name);
    else {
      const children = pending[event.nesting + 1] ?? [];
      pending[event.nesting + 1] = [];
      (pending[event.nesting] ??= []).push({ result: event, children });
    }
  }
  for (const node of pending.flat()) count(node, [], counted, strict);
  return counted;
}

function count(node: Node, outer: readonly string[], counted: FileTally, strict: boolean): void {
  const { result, children } = node;
  const path = [...outer, result.name];
  for (const child of children) count(child, path, counted, strict);

  const problem = (detail: string): Problem => ({ name: path.join(' › '), line: result.line, detail });
  if (result.todo === true) {
    if (strict) counted.failures.push(problem('marked todo'));
    else counted.skips.push(problem('marked todo'));
  } else if (result.skip !== undefined) {
    if (result.skip !== true) counted.skips.push(problem(result.skip));
    else if (strict) counted.failures.push(problem('skipped without a reason'));
    else counted.skips.push(problem('no reason given'));
  } else if (!result.passed) {
    if (result.error !== undefined || children.length === 0) {
      counted.failures.push(problem(result.error ?? 'failed'));
    }
  } else if (children.length === 0 && !result.isSuite) {
    counted.passed++;
  }
}

function removeLast(names: string[], name: string): void {
  const index = names.lastIndexOf(name);
  if (index >= 0) names.splice(index, 1);
}
