/**
 * Proactive negotiation (RFC 9110 §12): which of the forms we offer a client would rather have.
 *
 * `accept` is the Accept field, several of them joined by commas, or undefined. `offers` are media types in lower case,
 * in the server's own order of preference. The answer is the offer with the highest weight, where an offer's weight is
 * that of the most specific range it falls under (§12.5.1). Of offers with equal weight the one wins that was named more
 * precisely, then the one that was named first, then the one that stands first in `offers`. So `application/json` beside
 * a wildcard is a wish for JSON, although both weigh the same.
 *
 * Undefined when the client accepts none of them. Without the field, or when it is empty, everything is acceptable.
 *
 * Two leniencies, since a refusal would help nobody: parameters other than the weight do not narrow a range
 * (`application/json;charset=utf-8` takes any JSON), and a member that is no media range counts as absent.
 */
export function preferredMediaType<Offer extends string>(
  accept: string | undefined,
  offers: readonly Offer[],
): Offer | undefined {
  if (accept === undefined || accept === '*/*') return offers[0];
  const ranges = parseAccept(accept);
  if (ranges.length === 0) return accept.trim() === '' ? offers[0] : undefined;

  let best: Offer | undefined;
  let bestMatch: MediaRange | undefined;
  for (const offer of offers) {
    const match = mostSpecific(ranges, offer);
    if (match === undefined || match.weight === 0) continue;
    if (bestMatch === undefined || isPreferred(match, bestMatch)) {
      best = offer;
      bestMatch = match;
    }
  }
  return best;
}

/** One member of an Accept field. */
interface MediaRange {
  // text/html, text/* or */*, in lower case
  readonly range: string;
  /** From 0, not acceptable, to 1. */
  readonly weight: number;
  // 1 for */*, 2 for type/*, 3 for type/subtype
  readonly precision: number;
  /** Its place in the field. */
  readonly place: number;
}

/** A member of a list: anything but a comma, and commas inside of quotes. */
const MEMBER = /(?:[^,"]|"(?:\\.|[^"\\])*"?)+/g;
const PARAMETER = /(?:[^;"]|"(?:\\.|[^"\\])*"?)+/g;
const RANGE = /^(?:\*\/\*|[!#$%&'+\-.^_`|~\w]+\/(?:\*|[!#$%&'+\-.^_`|~\w]+))$/;
const WEIGHT = /^\s*q\s*=\s*(\d(?:\.\d*)?)\s*$/i;

function parseAccept(accept: string): MediaRange[] {
  const ranges: MediaRange[] = [];
  for (const member of accept.match(MEMBER) ?? []) {
    const [name = '', ...parameters] = member.match(PARAMETER) ?? [];
    const range = name.trim().toLowerCase();
    if (!RANGE.test(range)) continue;
    const precision = range === '*/*' ? 1 : range.endsWith('/*') ? 2 : 3;
    ranges.push({ range, weight: weightOf(parameters), precision, place: ranges.length });
  }
  return ranges;
}

/** The weight among a range's parameters (RFC 9110 §12.4.2): 1 when there is none, or none that is a number. */
function weightOf(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const weight = WEIGHT.exec(parameter)?.[1];
    if (weight !== undefined) return Math.min(1, Number(weight));
  }
  return 1;
}

function mostSpecific(ranges: readonly MediaRange[], offer: string): MediaRange | undefined {
  const anySubtype = `${offer.slice(0, offer.indexOf('/'))}/*`;
  let found: MediaRange | undefined;
  for (const candidate of ranges) {
    const { range, precision } = candidate;
    if (range !== offer && range !== anySubtype && range !== '*/*') continue;
    if (found === undefined || precision > found.precision) found = candidate;
  }
  return found;
}

function isPreferred(a: MediaRange, b: MediaRange): boolean {
  if (a.weight !== b.weight) return a.weight > b.weight;
  if (a.precision !== b.precision) return a.precision > b.precision;
  return a.place < b.place;
}
