import {
  asked,
  failed,
  FactBuffer,
  mostInstances,
  mostRoles,
  refused,
  withInstance,
  type Key,
} from '../../metrics/fact.ts';
import type { Told } from '../../metrics/release-count.ts';
import type { Judged } from '../table.ts';
import { machineTime } from './machine-clock.ts';

type Both = { candidate: number; live: number };

/** Where one worker puts what it sees of the people of one release, until its parent asks for it. */
export class Tap {
  readonly app: string;
  readonly release: string;
  readonly #facts = new FactBuffer(machineTime(performance.now()));
  #slow: Judged['slow'] = null;
  readonly #roles: string[] = [];
  /** Index 0 is none. */
  readonly #instances = new Map<string, number>([['', 0]]);
  #requests: Both = { candidate: 0, live: 0 };
  #failed: Both = { candidate: 0, live: 0 };
  #anonymous: Both = { candidate: 0, live: 0 };
  /** Not answered yet, and below the first mark when they were looked at last; then those between the marks. Oldest first. */
  #waiting: Asked[] = [];
  #slowOnes: Asked[] = [];

  constructor(app: string, release: string) {
    this.app = app;
    this.release = release;
  }

  /** Marks that differ apply to requests from now on. */
  mark(slow: Judged['slow']): void {
    this.#slow = slow;
  }

  /** Its index in facts. */
  role(name: string): number {
    const known = this.#roles.indexOf(name);
    if (known >= 0) return known;
    return this.#roles.length < mostRoles ? this.#roles.push(name) - 1 : mostRoles - 1;
  }

  /** A request was decided. @param person null: nobody can say whose it is */
  ask(person: Key | null, candidate: boolean): Asked {
    const request = new Asked(this, person, candidate ? 'candidate' : 'live');
    if (person !== null && this.#slow !== null) this.#waiting.push(request);
    return request;
  }

  /** @param now of `performance.now()`; @param what see fact.ts */
  tell({ person, side, begun, instance }: Asked, now: number, what: number): void {
    if ((what & asked) !== 0) this.#requests[side]++;
    if ((what & failed) !== 0) this.#failed[side]++;
    if (person !== null) {
      const index = instance === null || side === 'live' ? 0 : this.#instance(instance);
      this.#facts.add(person, machineTime(now), now - begun, withInstance(what, index));
    } else if ((what & asked) !== 0) this.#anonymous[side]++;
  }

  /** Tells of requests that have passed a mark and are not answered: who waits for ever would never count otherwise. */
  tick(now: number): void {
    if (this.#slow === null || (this.#waiting.length === 0 && this.#slowOnes.length === 0)) return;
    const { q95, q99 } = this.#slow;
    const waiting = this.#waiting.filter(isOpen);
    const slowOnes = this.#slowOnes.filter(isOpen);
    const first = passedOf(waiting, now, q95);
    const second = passedOf(slowOnes, now, q99);
    this.#waiting = waiting.slice(first);
    this.#slowOnes = [...slowOnes.slice(second), ...waiting.slice(0, first)];
    for (const request of [...waiting.slice(0, first), ...slowOnes.slice(0, second)]) {
      this.tell(request, now, 0);
    }
  }

  /** All that was seen since it was asked last. */
  take(): Told {
    const told = {
      batch: this.#facts.take(machineTime(performance.now())),
      dropped: this.#facts.dropped,
      roles: this.#roles,
      instances: [...this.#instances.keys()],
      requests: this.#requests,
      failed: this.#failed,
      anonymous: this.#anonymous,
    };
    this.#facts.dropped = 0;
    this.#requests = { candidate: 0, live: 0 };
    this.#failed = { candidate: 0, live: 0 };
    this.#anonymous = { candidate: 0, live: 0 };
    return told;
  }

  #instance(id: string): number {
    const known = this.#instances.get(id);
    if (known !== undefined) return known;
    if (this.#instances.size >= mostInstances) return 0;
    this.#instances.set(id, this.#instances.size);
    return this.#instances.size - 1;
  }
}

const isOpen = ({ open }: Asked): boolean => open;

/** How many have been waiting for longer than the mark: they stand in the order in which they began. */
function passedOf(queue: readonly Asked[], now: number, mark: number): number {
  const first = queue.findIndex(({ begun }) => now - begun <= mark);
  return first < 0 ? queue.length : first;
}

/** One request of which facts are told: once that it was asked, and at most once that it failed. */
export class Asked {
  readonly person: Key | null;
  readonly side: keyof Both;
  readonly begun: number = performance.now();
  /** Where it is; null while it waits. */
  at: { readonly endpoint: { readonly id: string } | null } | null = null;
  readonly #tap: Tap;
  #told = false;
  #failed = false;

  constructor(tap: Tap, person: Key | null, side: keyof Both) {
    this.#tap = tap;
    this.person = person;
    this.side = side;
  }

  /** Nothing has come of it yet. */
  get open(): boolean {
    return !this.#told;
  }

  get instance(): string | null {
    return this.at?.endpoint?.id ?? null;
  }

  answered(status: number, now: number): void {
    if (status >= 500) this.fail(now);
    else this.#tell(status >= 400 ? refused : 0, now);
  }

  /** It was answered 5xx, or not at all, or not to the end. */
  fail(now: number): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#tell(failed, now);
  }

  /** It is over, and that was not the app's doing. */
  end(): void {
    if (!this.#told) this.#tell(0, performance.now());
  }

  /** It goes on elsewhere, as another. */
  forget(): void {
    this.#told = true;
  }

  #tell(what: number, now: number): void {
    const flags = this.#told ? what : what | asked;
    this.#told = true;
    this.#tap.tell(this, now, flags);
  }
}
