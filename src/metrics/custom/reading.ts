/**
 * What one answer of a metric's source says: one number, nothing, or that it cannot be told. Pure: bodies come in as text.
 * The shapes of Prometheus are those of its HTTP API, v1 (https://prometheus.io/docs/prometheus/latest/querying/api/).
 */
import { valuesAt } from '../../config/json-path.ts';

export type Reading =
  | { readonly kind: 'value'; readonly value: number }
  /** Asked and answered, and there is no number: no such series, NaN, null. */
  | { readonly kind: 'empty'; readonly why: string }
  /** Down, slow, refused, or answered in a way that has no meaning. */
  | { readonly kind: 'unavailable'; readonly why: string };

const unavailable = (why: string): Reading => ({ kind: 'unavailable', why });
const empty = (why: string): Reading => ({ kind: 'empty', why });

/** Infinite is a value: a quantile above the last bucket is +Inf. Not a number is what 0/0 gives: nothing was measured. */
const number = (value: number): Reading => (Number.isNaN(value) ? empty('NaN') : { kind: 'value', value });

/** An answer to `/api/v1/query`, whatever its status was. */
export function prometheusReading(body: string): Reading {
  const answer = parsed(body);
  if (!isMap(answer)) return unavailable('the answer is no JSON of Prometheus');
  if (answer['status'] === 'error')
    return unavailable(`Prometheus says ${said(answer['errorType'])}: ${said(answer['error'])}`);
  const { status, data } = answer;
  if (status !== 'success' || !isMap(data)) return unavailable('the answer is no JSON of Prometheus');
  const { resultType, result } = data;
  if (resultType === 'scalar') return sample(result);
  if (resultType !== 'vector')
    return unavailable(`the query gives a ${said(resultType)}, and has to give one number now`);
  if (!Array.isArray(result)) return unavailable('the answer is no JSON of Prometheus');
  const series = result as readonly unknown[];
  if (series.length === 0) return empty('no series');
  if (series.length > 1)
    return unavailable(`${series.length} series: the query has to make one of them, as by sum(…)`);
  return isMap(series[0]) ? sample(series[0]['value']) : sample(undefined);
}

/** `[1435781451.781, "0.5"]` */
function sample(pair: unknown): Reading {
  const text: unknown = Array.isArray(pair) && pair.length === 2 ? pair[1] : undefined;
  if (typeof text !== 'string') return unavailable('the answer holds no sample with one value');
  const value = numberOf(text);
  return value === null ? unavailable(`${said(text)} is no number`) : number(value);
}

/** What a path finds in a document. */
export function documentReading(body: string, path: string): Reading {
  const document = parsed(body);
  if (document === undefined) return unavailable('the answer is no JSON');
  const found = everything(path, document);
  if (found === null) return unavailable(`${path} cannot be followed`);
  if (found.length === 0) return empty(`nothing at ${path}`);
  if (found.length > 1) return unavailable(`${found.length} values at ${path}: it has to find one`);
  const [value] = found;
  if (value === null) return empty(`null at ${path}`);
  if (typeof value === 'number') return number(value);
  const read = typeof value === 'string' ? numberOf(value) : null;
  if (read !== null) return number(read);
  return unavailable(`${Array.isArray(value) ? 'a list' : `a ${typeof value}`} at ${path}, and no number`);
}

function everything(path: string, document: unknown): readonly unknown[] | null {
  try {
    return valuesAt(path, document);
  } catch {
    // Too deep, or a version in it has made it another path.
    return null;
  }
}

const infinite: Readonly<Record<string, number>> = {
  '+Inf': Infinity,
  '-Inf': -Infinity,
  Inf: Infinity,
  NaN,
};

/** As Prometheus writes numbers; null for any other text, and for what is only read as a number in JavaScript: "", "0x10". */
function numberOf(text: string): number | null {
  const special = infinite[text];
  if (special !== undefined) return special;
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : null;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Text of somebody else, on one line. Not made shorter here: half of a secret would no longer be found in it. */
const said = (text: unknown): string =>
  typeof text === 'string' ? text.replaceAll(/[\s\p{C}]+/gu, ' ').trim() : 'nothing';
