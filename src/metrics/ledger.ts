/**
 * Counts the people of one release for the judge. Everything is a sum of whole numbers over people, so that it is the same however requests were
 * spread over workers, as long as all facts of a person come here.
 *
 * TIME goes in turns of about a second. Within a turn each person who is active when it ends was exposed all of it, to every event that they could still
 * have when it began, on the side where their next request goes by then. So whoever has an event was exposed to it, and someone who comes once
 * is exposed for a minute wherever they are. A step of the ramp ends the turn, and moves people from then on.
 * BEFORE anybody is exposed the same is counted of live; `forget` begins anew, so that "first" is first of the exposed time.
 */
import { levelOf, rank, type Scale } from '../judge/rank.ts';
import { latencyTolerance, tolerated } from '../judge/settings.ts';
import { eventMetrics, type Slow } from '../judge/units.ts';
import type { Stratum } from '../judge/facts.ts';
import { buckets } from '../audience/bucket.ts';
import { Cell, type Side } from './cell.ts';
import { kindName, kinds, Reach, type Crowd } from './crowd.ts';
import {
  asked,
  failed,
  instanceIn,
  isHeld,
  isOfTable,
  isOnCandidate,
  mostInstances,
  mostRoles,
  refused,
  roleIn,
} from './fact.ts';
import type { Fact } from './fact.ts';
import { People, pageRows, type Page } from './people.ts';
import {
  nextState,
  outcomeFailed,
  outcomeRefused,
  outcomeSlow95,
  outcomeSlow99,
  risks,
} from './person-state.ts';

/** A person is active for so long after a request. */
const activeMs = 60_000;
/** A person's scores are about so long from the first request on. */
const windowMs = 30_000;
/** Ranks of 99 marks in halves: whole numbers. */
const rankUnits = 198;
/** More than a million people do not fit into 64 MB: see people.ts. */
const mostPeople = 1_000_000;
const mostAsked = 65_535;

/** How many requests a person has in the first window, on a fixed scale: steps of a quarter, as far as somebody in front of a browser gets. */
const requestScale: Scale = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 19, 24, 30, 38, 48, 60, 75, 95, 120];

// A person's state: bits 0–5 of person-state.ts, then what they could still have when the turn began (5), seen on live, on the candidate, active.
const stateBits = 0x3f;
const beforeAt = 6;
const beforeBits = 0x1f << beforeAt;
const seenAt = 11;
const active = 1 << 13;
// How a person was assigned: window still open, side, and from bit 2 the index of the share.
const open = 1;

/** By what people are counted. */
export interface Terms {
  readonly crowd: Crowd;
  readonly slow: Slow | null;
  readonly scale: Scale;
  /** Of the table that says so. */
  readonly generation: number;
  /** The app has several roles that people come to: each is compared within itself. */
  readonly byRole: boolean;
}

export class Ledger {
  #terms: Terms;
  #reach: Reach;
  #people: People;
  readonly #most: number;
  #turnedAt: number;
  #closedAt: number;
  #cells: (Cell | undefined)[] = [];
  readonly #roles: string[] = [];
  /** Index 0 is none. */
  readonly #instances: string[] = [''];
  /** Distinct ones, in buckets. */
  readonly #shares: number[] = [];
  #active = new Int32Array(1024);
  #activeLength = 0;
  /** The first row whose window has not been closed. */
  #window = 0;

  /** @param at milliseconds of a clock that cannot jump */
  constructor(terms: Terms, at: number, most: number = mostPeople) {
    this.#terms = terms;
    this.#reach = new Reach(terms.crowd);
    this.#most = most;
    this.#people = new People(most);
    this.#turnedAt = at;
    this.#closedAt = at;
  }

  /** Of memory that grows with people. */
  get bytes(): number {
    return this.#people.bytes + this.#active.byteLength;
  }

  get people(): number {
    return this.#people.length;
  }

  /** Part of the people that is counted. */
  get sampled(): number {
    return 2 ** -this.#people.sampleBits;
  }

  /** Index of a role in facts. Those beyond the last share it. */
  role(name: string): number {
    const known = this.#roles.indexOf(name);
    if (known >= 0) return known;
    if (this.#roles.length < mostRoles) this.#roles.push(name);
    return this.#roles.length - 1;
  }

  /** Index of one of the candidate's instances in facts; 0 for one too many. */
  instance(name: string): number {
    const known = this.#instances.indexOf(name);
    if (known >= 0) return known;
    return this.#instances.length < mostInstances ? this.#instances.push(name) - 1 : 0;
  }

  /** Counts by other terms from now on. The turn has been ended. */
  change(terms: Terms): void {
    this.#terms = terms;
    this.#reach = new Reach(terms.crowd);
  }

  /** Nobody has been seen, and nothing counted in this tick. */
  forget(): void {
    this.#cells = [];
    this.#people = new People(this.#most);
    this.#activeLength = 0;
    this.#window = 0;
  }

  take(fact: Fact): void {
    const { low, high, place } = fact;
    if (!this.#people.isSampled(low)) return;
    const at = Math.max(fact.at, this.#turnedAt);
    let row = this.#people.find(low, high);
    if (row < 0) {
      while (this.#people.full) this.#halve();
      if (!this.#people.isSampled(low)) return;
      row = this.#meet(fact, at);
    }
    const page = this.#people.page(row);
    const index = row & (pageRows - 1);
    const side: Side = isOnCandidate(place) ? 1 : 0;
    page.seen[index] = at;
    page.place[index] = place;
    const instance = side === 1 ? instanceIn(fact.what) : 0;
    if (instance > 0) page.instance[index] = instance;
    let state = page.state[index] as number;
    const cell = this.#cell(place);
    if (((state >>> (seenAt + side)) & 1) === 0) {
      state |= 1 << (seenAt + side);
      cell.arrived[side]++;
    }
    if ((state & active) === 0) {
      state |= active;
      this.#activate(row);
    }
    const [was, now] = [state & stateBits, nextState(state & stateBits, this.#outcome(fact))];
    if (now !== was) {
      const events = (risks[was] as number) & ~(risks[now] as number);
      if (events !== 0) cell.happened(side, instance, events);
      state = (state & ~stateBits) | now;
    }
    page.state[index] = state;
    if ((fact.what & asked) !== 0) this.#score(page, index, { at, latency: fact.latency, side });
  }

  /** Ends a turn: all facts of before `at` have been taken. */
  turn(at: number): void {
    const ms = at - this.#turnedAt;
    if (ms <= 0) return;
    this.#turnedAt = at;
    const reach = this.#reach;
    const since = at - activeMs;
    let kept = 0;
    for (let index = 0; index < this.#activeLength; index++) {
      const row = this.#active[index] as number;
      const page = this.#people.page(row);
      const of = row & (pageRows - 1);
      const state = page.state[of] as number;
      const set = (state & beforeBits) >>> beforeAt;
      const now = (state & ~beforeBits) | ((risks[state & stateBits] as number) << beforeAt);
      if ((page.seen[of] as number) <= since) {
        page.state[of] = now & ~active;
        continue;
      }
      page.state[of] = now;
      this.#active[kept++] = row;
      const place = page.place[of] as number;
      const chosen = reach.isChosen(place);
      const onCandidate = chosen || isHeld(place);
      const cell = this.#cellOf(roleIn(place), reach.kind(place, chosen));
      cell.expose(onCandidate ? 1 : 0, onCandidate ? (page.instance[of] as number) : 0, set, ms);
    }
    this.#activeLength = kept;
    this.#closeWindows(at);
  }

  /** Everything since the last close, as of the last turn. */
  close(): { readonly seconds: number; readonly strata: readonly Stratum[]; readonly sampled: number } {
    const ms = this.#turnedAt - this.#closedAt;
    const strata = this.strata();
    this.#closedAt = this.#turnedAt;
    this.#cells = [];
    return { seconds: ms / 1000, strata, sampled: this.sampled };
  }

  /** What is counted since the last close. */
  strata(): readonly Stratum[] {
    const { slow, crowd, byRole } = this.#terms;
    const metrics = new Set<string>(
      eventMetrics.filter((metric) => slow !== null || !metric.startsWith('slow')),
    );
    const told = { metrics, instances: this.#instances };
    return this.#cells.flatMap((cell, key) => {
      if (cell === undefined) return [];
      const kind = kindName(crowd, key % kinds);
      const role = this.#roles[Math.floor(key / kinds)];
      const name = !byRole || role === undefined ? kind : kind === 'all' ? role : `${role}, ${kind}`;
      return [cell.stratum(name, told)];
    });
  }

  #meet({ low, high, place }: Fact, at: number): number {
    const row = this.#people.add(low, high);
    const page = this.#people.page(row);
    const index = row & (pageRows - 1);
    const width = this.#reach.width(place);
    // Held people would be on live if it were for chance: they are counted there as arrivals, so that the share adds up, and have no score.
    const stays = isHeld(place);
    const side: Side = isOnCandidate(place) && !stays ? 1 : 0;
    // Decided by the table before or after this one, while a step was under way: by another share, whichever side it was.
    const ours = isOfTable(place, this.#terms.generation);
    page.met[index] = at;
    page.state[index] = (risks[0] as number) << beforeAt;
    page.assigned[index] = (this.#share(width) << 2) | (side << 1) | (ours && !stays ? open : 0);
    page.ranks[index] = 0;
    page.asked[index] = 0;
    page.instance[index] = 0;
    const kind = this.#reach.kind(place, true);
    if (ours) this.#cellOf(roleIn(place), kind).came(side, width / buckets);
    return row;
  }

  #outcome({ what, latency }: Fact): number {
    const { slow } = this.#terms;
    let outcome = (what & failed) === 0 ? 0 : outcomeFailed;
    if ((what & refused) !== 0) outcome |= outcomeRefused;
    if (slow !== null && latency > slow.q95)
      outcome |= latency > slow.q99 ? outcomeSlow95 | outcomeSlow99 : outcomeSlow95;
    return outcome;
  }

  #score(
    page: Page,
    index: number,
    { at, latency, side }: { at: number; latency: number; side: Side },
  ): void {
    if (at >= (page.met[index] as number) + windowMs || ((page.assigned[index] as number) & open) === 0)
      return;
    if ((page.asked[index] as number) === mostAsked) return;
    const ranked = side === 1 ? tolerated(latency) : latency;
    page.asked[index] = (page.asked[index] as number) + 1;
    page.ranks[index] =
      (page.ranks[index] as number) + Math.round(rank(this.#terms.scale, ranked) * rankUnits);
  }

  #closeWindows(at: number): void {
    for (; this.#window < this.#people.length; this.#window++) {
      const page = this.#people.page(this.#window);
      const index = this.#window & (pageRows - 1);
      if ((page.met[index] as number) + windowMs > at) return;
      const assigned = page.assigned[index] as number;
      if ((assigned & open) === 0) continue;
      page.assigned[index] = assigned & ~open;
      const side: Side = (assigned & 2) === 0 ? 0 : 1;
      const share = (this.#shares[assigned >>> 2] as number) / buckets;
      const [ranks, count] = [page.ranks[index] as number, page.asked[index] as number];
      const place = page.place[index] as number;
      const cell = this.#cellOf(roleIn(place), this.#reach.kind(place, true));
      // Who has only asked for what never came: as slow as can be.
      cell.scored('latency', side, share, levelOf(count === 0 ? 1 : ranks / count / rankUnits));
      // A tenth fewer is tolerated, as a tenth slower is.
      const many = side === 1 ? count * latencyTolerance : count;
      cell.scored('fewer-requests', side, share, levelOf(1 - rank(requestScale, many)));
    }
  }

  #cell(place: number): Cell {
    const reach = this.#reach;
    return this.#cellOf(roleIn(place), reach.kind(place, reach.isChosen(place)));
  }

  #cellOf(role: number, kind: number): Cell {
    const key = role * kinds + kind;
    return (this.#cells[key] ??= new Cell());
  }

  #share(width: number): number {
    const known = this.#shares.indexOf(width);
    return known >= 0 ? known : this.#shares.push(width) - 1;
  }

  #activate(row: number): void {
    if (this.#activeLength === this.#active.length) {
      const more = new Int32Array(2 * this.#active.length);
      more.set(this.#active);
      this.#active = more;
    }
    this.#active[this.#activeLength++] = row;
  }

  #halve(): void {
    const moved = this.#people.halve();
    let [kept, closed] = [0, 0];
    for (let index = 0; index < this.#activeLength; index++) {
      const row = moved[this.#active[index] as number] as number;
      if (row >= 0) this.#active[kept++] = row;
    }
    this.#activeLength = kept;
    for (let row = 0; row < this.#window; row++) if ((moved[row] as number) >= 0) closed++;
    this.#window = closed;
  }
}
