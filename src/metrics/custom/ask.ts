/** Asks a metric's source once. Secrets are read here and are nowhere in what is told. */
import type { EnvironmentValue } from '../../config/environment-value.ts';
import { filled, type MetricHeaders, type MetricPolicy, type Placeholder } from '../../config/metrics.ts';
import { valueOf } from '../../config/secret.ts';
import { TealError } from '../../errors.ts';
import { documentReading, prometheusReading, type Reading } from './reading.ts';

export type Values = Readonly<Record<Placeholder, string>>;

export interface Asker {
  readonly fetch: typeof fetch;
  /** Where secrets are. */
  readonly environment: NodeJS.ProcessEnv;
}

/** One number is a few hundred bytes; a document of statistics rarely more than some hundred kilobytes. */
const mostBytes = 1024 ** 2;

/** Never rejects: what cannot be asked is a reading too. @param signal gives up at once */
export async function ask(
  { source, timeoutMs }: Pick<MetricPolicy, 'source' | 'timeoutMs'>,
  values: Values,
  asker: Asker,
  signal: AbortSignal,
): Promise<Reading> {
  const url = addressOf(source, values, timeoutMs);
  let secrets: readonly string[] = [];
  try {
    const headers = resolved(source.headers, asker.environment);
    secrets = Object.entries(headers).flatMap(([name, value]) =>
      source.headers[name]?.kind === 'secret' ? hidden(value) : [],
    );
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const body = await answer(url, headers, asker, limit);
    const reading =
      source.kind === 'prometheus'
        ? prometheusReading(body)
        : documentReading(body, filled(source.path, values));
    return reading.kind === 'value' ? reading : { ...reading, why: shown(reading.why, secrets) };
  } catch (error) {
    const why = `${url.origin}${url.pathname}: ${reason(error, timeoutMs)}`;
    return { kind: 'unavailable', why: shown(why, secrets) };
  }
}

function addressOf(source: MetricPolicy['source'], values: Values, timeoutMs: number): URL {
  if (source.kind === 'http') return new URL(filled(source.url, values, encodeURIComponent));
  const url = new URL(`${source.url}/api/v1/query`);
  url.searchParams.set('query', filled(source.query, values));
  // So that it stops as well: nobody waits for the answer any more.
  url.searchParams.set('timeout', `${timeoutMs}ms`);
  return url;
}

/** Told in our own words: those of the client may repeat what was sent. */
class Unanswered extends Error {}

function resolved(headers: MetricHeaders, environment: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const all: [string, EnvironmentValue][] = [['accept', { kind: 'plain', value: 'application/json' }]];
  return Object.fromEntries(
    [...all, ...Object.entries(headers)].map(([name, value]) => {
      const text = valueOf(name, value, environment);
      // What a field value may hold (RFC 9110 §5.5), as far as one can be written in JavaScript.
      if (/^[\t\u0020-\u007E\u0080-\u00FF]*$/.test(text)) return [name, text];
      throw new Unanswered(`the value of the header ${name} holds a sign that no header can`);
    }),
  );
}

async function answer(
  url: URL,
  headers: Readonly<Record<string, string>>,
  { fetch }: Asker,
  signal: AbortSignal,
): Promise<string> {
  // A redirect may lead to another host, or away from https, and the headers are for this one.
  const response = await fetch(url, { headers, redirect: 'manual', signal });
  const { status } = response;
  if (status >= 300 && status < 400) {
    await response.body?.cancel();
    throw new Unanswered(`answered ${status}: redirects are not followed, write the address it leads to`);
  }
  const body = await text(response);
  // Prometheus tells its errors with 400, 422 and 503, in JSON that says more than the status.
  if (response.ok || /^\s*\{\s*"status"\s*:\s*"error"/.test(body)) return body;
  throw new Unanswered(`answered ${status}`);
}

async function text({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) throw new Unanswered('the answer is longer than 1MB');
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function reason(error: unknown, timeoutMs: number): string {
  if (error instanceof Unanswered || error instanceof TealError) return error.message;
  const { name, cause } = error as { readonly name?: unknown; readonly cause?: unknown };
  if (name === 'TimeoutError') return `no whole answer within ${timeoutMs / 1000} s`;
  if (name === 'AbortError') return 'given up';
  const code = (cause as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? (words[code] ?? `cannot be asked (${code})`) : 'cannot be asked';
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up',
};

/** A line or two. */
const longestWhy = 200;
// Shorter ones would be found in every other word.
const leastRedacted = 4;

/** With and without `Bearer`: a server may tell either. */
const hidden = (value: string): readonly string[] =>
  [value, ...value.split(/\s+/)].filter(
    (part) => part.length >= leastRedacted && !/^(?:bearer|basic)$/i.test(part),
  );

function shown(text: string, secrets: readonly string[]): string {
  const without = secrets.reduce((less, secret) => less.replaceAll(secret, '[secret]'), text);
  return without.length > longestWhy ? `${without.slice(0, longestWhy - 1)}…` : without;
}
