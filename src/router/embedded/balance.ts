import { isOut } from './ejection.ts';
import type { EndpointState } from './endpoint.ts';
import type { EndpointGroup } from './group.ts';

/**
 * Which endpoint a request goes to: one with the fewest requests in flight, among equals each with the same chance.
 *
 * All are looked at up to `scanUpTo`; beyond, two at random, and the less busy of them is taken. That is nearly as even
 * (the longest row of n requests over n endpoints falls from ln n / ln ln n to ln ln n / ln 2: Azar, Broder, Karlin,
 * Upfal 1994; Mitzenmacher 1996) and costs the same for a thousand endpoints as for twenty.
 */

/** Looking at 16 costs about a tenth of a microsecond, of some 40 for a request; each more costs the same again. */
const scanUpTo = 16;
/** Pairs that are drawn before all are looked at: only with most endpoints full or ejected do these not suffice. */
const draws = 4;
/** Of an endpoint's full share, at its first moment: it must get something, or it never becomes warm. */
const slowStartFrom = 0.1;

/** What is known of a request that needs an endpoint. */
export interface Want {
  /** Where it has failed already. */
  readonly tried: ReadonlySet<EndpointState> | null;
  /** Where its client was before, if that is to be kept. */
  readonly home: EndpointState | null;
  /** It asks to become a WebSocket: goes where fewest streams are, since those last longer than requests. */
  readonly stream: boolean;
  /** It can be sent again if it fails, so it may try an endpoint that was ejected. */
  readonly repeatable: boolean;
}

/** Time (the worker's milliseconds) and chance, from outside. */
export interface Moment {
  readonly now: number;
  readonly random: () => number;
}

/** `full`: all that may take it have as many in flight as they may. `none`: there is none that it has not tried. */
export type Choice = EndpointState | 'full' | 'none';

export function choose(group: EndpointGroup, want: Want, moment: Moment): Choice {
  const { endpoints } = group;
  const { home } = want;
  if (home !== null && endpoints.includes(home) && isOpen(home, group, want, moment.now)) {
    return home;
  }
  const found =
    (endpoints.length > scanUpTo ? drawTwo(group, want, moment) : null) ?? leastBusy(group, want, moment);
  if (found !== null) return found;
  return lastResort(group, want, moment);
}

/** The share of an endpoint that joined `age` ago: grows evenly to 1. @param slowStartMs 0 for none */
export function weightAt(age: number, slowStartMs: number): number {
  if (age >= slowStartMs) return 1;
  return slowStartFrom + (1 - slowStartFrom) * Math.max(0, age / slowStartMs);
}

function isOpen(endpoint: EndpointState, { limit }: EndpointGroup, want: Want, now: number): boolean {
  if (endpoint.busy >= limit || want.tried?.has(endpoint) === true) return false;
  const { standing } = endpoint;
  return (
    standing.until === 0 || !isOut(standing, endpoint.probe !== null, { now, repeatable: want.repeatable })
  );
}

/** May not take it. */
const closed = Infinity;
/** Leaves it to others, if there are any. */
const standsBack = -1;

/**
 * How busy it is, or one of the two above. An endpoint in its slow start takes part in as many choices as its weight
 * says, and counts what it has for as much more: so it gets no more than its share, whether there is little to do or
 * much.
 */
function rank(endpoint: EndpointState, group: EndpointGroup, want: Want, { now, random }: Moment): number {
  if (!isOpen(endpoint, group, want, now)) return closed;
  const { slowStartMs } = group;
  if (slowStartMs === 0) return loadOf(endpoint, want);
  const weight = weightAt(now - endpoint.joinedAt, slowStartMs);
  return weight < 1 && random() >= weight ? standsBack : loadOf(endpoint, want) / weight;
}

function leastBusy(group: EndpointGroup, want: Want, moment: Moment): EndpointState | null {
  const { random } = moment;
  let best: EndpointState | null = null;
  let least = closed;
  let ties = 0;
  let reserve: EndpointState | null = null;
  let reserves = 0;
  for (const endpoint of group.endpoints) {
    const load = rank(endpoint, group, want, moment);
    if (load === standsBack) {
      if (random() * ++reserves < 1) reserve = endpoint;
    } else if (load < least) {
      best = endpoint;
      least = load;
      ties = 1;
    } else if (load === least && load !== closed && random() * ++ties < 1) {
      best = endpoint;
    }
  }
  return best ?? reserve;
}

/** Null when no pair had one that takes it. */
function drawTwo(group: EndpointGroup, want: Want, moment: Moment): EndpointState | null {
  const { endpoints } = group;
  const { random } = moment;
  const count = endpoints.length;
  for (let draw = 0; draw < draws; draw++) {
    const at = Math.floor(random() * count);
    // Any but the first, each with the same chance.
    const beside = (at + 1 + Math.floor(random() * (count - 1))) % count;
    const [one, other] = [endpoints[at] as EndpointState, endpoints[beside] as EndpointState];
    const [left, right] = [rank(one, group, want, moment), rank(other, group, want, moment)];
    const takesOne = left !== closed && left !== standsBack;
    const takesOther = right !== closed && right !== standsBack;
    // Which of the two is `one` is chance already, so a tie needs none of its own.
    if (takesOne && (!takesOther || left <= right)) return one;
    if (takesOther) return other;
  }
  return null;
}

/** Nobody stays ejected when all are: then it is not them, or there is no choice. */
function lastResort(group: EndpointGroup, want: Want, { random }: Moment): Choice {
  let best: EndpointState | null = null;
  let ties = 0;
  let full = false;
  let sound = false;
  for (const endpoint of group.endpoints) {
    if (want.tried?.has(endpoint) === true) continue;
    if (endpoint.standing.until === 0) sound = true;
    if (endpoint.busy >= group.limit) {
      full = true;
    } else if (best === null || loadOf(endpoint, want) < loadOf(best, want)) {
      best = endpoint;
      ties = 1;
    } else if (loadOf(endpoint, want) === loadOf(best, want) && random() * ++ties < 1) {
      best = endpoint;
    }
  }
  // Those that are sound are full: worth waiting for, while those that are ejected are not worth trying.
  if (sound) return 'full';
  return best ?? (full ? 'full' : 'none');
}

/** Streams apart from requests: those that were opened long ago say little about how busy an endpoint is. */
function loadOf(endpoint: EndpointState, want: Want): number {
  return want.stream ? endpoint.active.size - endpoint.busy : endpoint.busy;
}
