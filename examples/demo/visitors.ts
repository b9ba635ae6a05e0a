import { runLoad, type Load } from '../../src/load/load.ts';
import type { LoadReport } from '../../src/load/report.ts';
import type { Sample } from '../../src/load/samples.ts';
import type { RequestShape } from '../../src/load/shape.ts';
import { percentile } from '../../src/load/report.ts';

/** Enough for a rollback to be timed to about 3 ms, and little enough for two cores to share with everything else. */
const perSecond = 300;
const cart = JSON.stringify({ items: [{ id: 'cup', quantity: 2 }, { id: 'assam' }] });
const json = { 'content-type': 'application/json' };

/** Each comes back after a second or two. */
const people = 480;

type Kind = RequestShape & { readonly slow?: true };

/** What everybody asks for again and again, */
const usual: readonly Kind[] = [{ path: '/' }, { path: '/api/products' }];
const order: Kind = { path: '/api/orders', body: cart, headers: json };
const toCart: Kind = { path: '/api/cart', body: cart, headers: json };
/** and what in between. The last two take long on purpose, so that a switch always meets requests in flight. */
const sometimes: readonly Kind[] = [
  toCart,
  order,
  toCart,
  order,
  toCart,
  {
    path: '/upload',
    method: 'PUT',
    body: Buffer.alloc(48 * 1024, 'tea'),
    pieces: 4,
    pieceEveryMs: 40,
    slow: true,
  },
  { path: '/slow?ms=200', slow: true },
];

interface Turn {
  readonly person: number;
  readonly kind: Kind;
}

/** Everybody in turn, and the next time each with something else. */
const turns: readonly Turn[] = Array.from({ length: 3 * people }, (_, index) => {
  const person = index % people;
  const own = [...usual, sometimes[person % sometimes.length] ?? order];
  return { person, kind: own[(person + Math.floor(index / people)) % own.length] ?? order };
});

/** What has become of the requests so far. */
export interface Tally {
  /** Answers, by the version that gave them. */
  readonly versions: Readonly<Record<string, number>>;
  /** Answers of 500 by each version: its own errors, not requests that were lost. */
  readonly errors: Readonly<Record<string, number>>;
  /** People who got one of those, by version, */
  readonly harmed: Readonly<Record<string, number>>;
  /** and when the first one came, on the clock of the samples. */
  readonly firstErrorAt: Readonly<Record<string, number>>;
  /** Answers of another status than 2xx and 500, which nothing here should get. */
  readonly odd: number;
  /** Orders that the shop has promised to work on. */
  readonly orders: number;
}

export interface Visitors {
  readonly rps: number;
  readonly tally: Tally;
  readonly live: Load['live'];
  stop(): Promise<LoadReport>;
}

/** Lets visitors in, on kept-alive connections, until stopped. */
export function letIn(url: string): Visitors {
  const tally = {
    versions: {} as Record<string, number>,
    errors: {} as Record<string, number>,
    harmed: {} as Record<string, number>,
    firstErrorAt: {} as Record<string, number>,
    odd: 0,
    orders: 0,
  };
  const met = new Set<string>();
  const failed = (name: string, { shape, endedAt }: Sample): void => {
    tally.errors[name] = (tally.errors[name] ?? 0) + 1;
    tally.firstErrorAt[name] ??= endedAt;
    const whom = `${name} ${turns[shape]?.person}`;
    if (met.has(whom)) return;
    met.add(whom);
    tally.harmed[name] = (tally.harmed[name] ?? 0) + 1;
  };
  const load = runLoad({
    url,
    rps: perSecond,
    connections: 24,
    shapes: turns.map(({ person, kind }) => ({
      ...kind,
      headers: { ...kind.headers, 'x-customer': `customer-${person}` },
    })),
    // The shop itself never says these: they come from a router that found nobody to ask.
    isFailure: (status) => status >= 502,
    onSample: (sample) => {
      const { outcome, status, version, shape } = sample;
      if (outcome !== 'answered') return;
      const name = version ?? 'unknown';
      tally.versions[name] = (tally.versions[name] ?? 0) + 1;
      if (status === 500) failed(name, sample);
      else if (status < 200 || status > 299) tally.odd += 1;
      else if (turns[shape]?.kind === order) tally.orders += 1;
    },
  });
  return {
    rps: perSecond,
    tally,
    get live() {
      return load.live;
    },
    stop: () => load.stop(),
  };
}

/** Latency of what is quick to answer: those that take long on purpose would hide it. */
export function latencyOf({ samples }: LoadReport): { readonly p50: number; readonly p99: number } {
  const quick = [...samples].filter(
    ({ outcome, shape }) => outcome === 'answered' && !turns[shape]?.kind.slow,
  );
  const sorted = Float64Array.from(quick, ({ scheduledAt, endedAt }) => endedAt - scheduledAt).sort();
  return { p50: percentile(sorted, 50), p99: percentile(sorted, 99) };
}
