import { readAnswers } from './node-client.ts';
import { messageOf, QUESTIONS, type GivenAnswer, type Relayed } from './our-answers.ts';
import { contradiction, sideBySide, type Reading } from './reading.ts';

/** Each byte as a piece of its own: so a script finds out where its reader sees an answer end. */
export function byteByByte(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
}

/**
 * What an upstream sends, read by our proxy and by node:http's client: on each connection, up to where we have taken
 * an answer as it is, node:http has to see the same ones, ended by the same bytes.
 */
export async function compareAnswers(bytes: Buffer, relayed: Relayed): Promise<string | undefined> {
  // Where the answer to the last one ends is not known: nothing is asked behind it.
  const answered = relayed.answered.slice(0, QUESTIONS.length - 1);
  const { answers } = relayed;
  const connections = new Set(answered.map(({ connection }) => connection));
  for (const connection of connections) {
    const here = answered.flatMap((each, i) => (each.connection === connection ? [{ ...each, i }] : []));
    const refused = here.findIndex(({ i }) => answers.at(i)?.passed !== true);
    const taken = refused === -1 ? here : here.slice(0, refused);
    if (taken.length === 0) continue;
    const slices = taken.map(({ method, start, end }) => ({ method, bytes: bytes.subarray(start, end) }));
    // The server ends the connection only behind the last byte of all.
    const ended = taken.at(-1)?.end === bytes.length;
    const ours: Reading = { messages: taken.map(({ i }) => messageOf(answers[i])), end: 'open' };
    const theirs = await readAnswers(slices, ended);
    const what = contradiction(ours, theirs);
    if (what !== undefined) {
      const seen = Buffer.concat(slices.map((slice) => slice.bytes));
      return `connection ${connection + 1}, ${what}\n${sideBySide(seen, ours, 'node:http', theirs)}`;
    }
  }
  return undefined;
}

/** What we write to the client, read by node:http's client: the same answers, ended by the same bytes. */
export async function compareOutput(answers: readonly GivenAnswer[]): Promise<string | undefined> {
  const closing = answers.some(({ response }) => response.framing === 'until-close');
  const slices = answers.map(({ method, bytes }) => ({ method, bytes }));
  const ours: Reading = { messages: answers.map(messageOf), end: 'open' };
  const theirs = await readAnswers(slices, closing);
  const what = contradiction(ours, theirs);
  if (what === undefined) return undefined;
  const written = Buffer.concat(slices.map(({ bytes }) => bytes));
  return `written to the client, ${what}\n${sideBySide(written, ours, 'node:http', theirs)}`;
}
