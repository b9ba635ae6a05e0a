/** All that the owner of people's keys keeps of one release: the ledger, what workers have told and is not in it yet, and the tick that was closed last. */
import { add, noCount, type Count, type People } from '../judge/facts.ts';
import { eventMetrics } from '../judge/units.ts';
import { nothingCounted, type Counted } from './counted.ts';
import { exposesAnybody } from './crowd.ts';
import { FactReader, instanceIn, roleIn, withInstance, withRole, type Batch, type Fact } from './fact.ts';
import { Ledger, type Terms } from './ledger.ts';

/** What one worker has counted of a release since it was asked last. */
export interface Told {
  readonly batch: Batch;
  /** Facts that it had no room for. */
  readonly dropped: number;
  /** Names by the indices that its facts use. */
  readonly roles: readonly string[];
  readonly instances: readonly string[];
  readonly requests: People;
  readonly failed: People;
  readonly anonymous: People;
}

interface Source {
  readonly reader: FactReader;
  /** The ledger's indices by the worker's. */
  readonly roles: readonly number[];
  readonly instances: readonly number[];
}

type Totals = Pick<Counted, 'requests' | 'failed' | 'anonymous'>;

export class ReleaseCount {
  readonly release: string;
  readonly #ledger: Ledger;
  #sources: Source[] = [];
  #totals: Totals = noTotals;
  /** Somebody has been exposed: for good, also when nobody is for a while. */
  #begun: boolean;
  #before: Count = noCount;
  #last: (Counted & { readonly lost: boolean }) | null = null;

  /** @param at milliseconds of the machine's clock, as all here */
  constructor(release: string, terms: Terms, at: number) {
    this.release = release;
    this.#begun = exposesAnybody(terms.crowd);
    this.#ledger = new Ledger(terms, at);
  }

  /** First failures of people on live before anybody was exposed. */
  get before(): Count {
    return this.#begun ? this.#before : add(this.#before, this.#liveErrors());
  }

  /** Adds what a worker tells; its facts are counted by the turns in which they were. */
  hear({ batch, roles, instances, requests, failed, anonymous }: Told): void {
    this.#totals = {
      requests: sum(this.#totals.requests, requests),
      failed: sum(this.#totals.failed, failed),
      anonymous: sum(this.#totals.anonymous, anonymous),
    };
    this.#sources.push({
      reader: new FactReader(batch),
      roles: roles.map((name) => this.#ledger.role(name)),
      instances: instances.map((name, index) => (index === 0 ? 0 : this.#ledger.instance(name))),
    });
  }

  /**
   * Ends a turn: every worker that could be asked has told all of before `at`. Facts are taken in the order of their times, whoever told them; also those of the
   * moment between `at` and a worker's answer, so that what was answered before a tick is asked for is in it.
   */
  turn(at: number): void {
    for (;;) {
      const next = earliest(this.#sources);
      if (next === null) break;
      next.reader.read(fact);
      fact.place = withRole(fact.place, next.roles[roleIn(fact.place)] ?? 0);
      fact.what = withInstance(fact.what, next.instances[instanceIn(fact.what)] ?? 0);
      this.#ledger.take(fact);
    }
    this.#sources = [];
    this.#ledger.turn(at);
  }

  /** The turn has been ended: from now on people are where these terms have them. */
  change(terms: Terms): void {
    if (!this.#begun && exposesAnybody(terms.crowd)) {
      this.#before = this.before;
      this.#begun = true;
      this.#ledger.forget();
    }
    this.#ledger.change(terms);
  }

  /** See `Router.count`; the turn has been ended. */
  count(seq: number): Counted & { readonly lost: boolean } {
    if (this.#last?.seq === seq) return this.#last;
    const lost = seq !== (this.#last === null ? 0 : this.#last.seq + 1);
    if (!this.#begun) this.#before = this.before;
    this.#last = { ...nothingCounted(seq), ...this.#totals, ...this.#ledger.close(), lost };
    this.#totals = noTotals;
    return this.#last;
  }

  #liveErrors(): Count {
    return this.#ledger
      .strata()
      .map(({ events }) => events[eventMetrics[0]]?.live ?? noCount)
      .reduce(add, noCount);
  }
}

/** One object for all of them. */
const fact: Fact = { low: 0, high: 0, at: 0, place: 0, latency: 0, what: 0 };

const noTotals: Totals = (({ requests, failed, anonymous }) => ({ requests, failed, anonymous }))(
  nothingCounted(0),
);

const sum = (one: People, two: People): People => ({
  candidate: one.candidate + two.candidate,
  live: one.live + two.live,
});

function earliest(sources: readonly Source[]): Source | null {
  let found: Source | null = null;
  for (const source of sources) {
    const { at } = source.reader;
    if (at < (found?.reader.at ?? Infinity)) found = source;
  }
  return found;
}
