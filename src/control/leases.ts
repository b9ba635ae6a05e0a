import { randomUUID } from 'node:crypto';
import { TealError } from '../errors.ts';
import type { LeaseView } from './contract.ts';
import { pause } from './pause.ts';

export interface LeasesOptions {
  /** Milliseconds since the epoch, for people. */
  readonly now: () => number;
  /** Milliseconds of a clock that cannot jump: by this one a lease ends. */
  readonly steady?: () => number;
}

export interface Wanted {
  readonly apps: readonly string[];
  readonly actor: string;
  readonly version: string | null;
}

interface Lease extends Wanted {
  readonly id: string;
  readonly since: number;
  /** On the steady clock. */
  heardAt: number;
  /** A request works for it: it does not end before that does. */
  inUse: number;
  /** Aborted when it ends, by whatever. */
  readonly over: AbortController;
}

/** Three heartbeats of who has been heard of last: two may be lost. */
export const leaseMs = 15_000;

/**
 * Who is making a deploy of an app ready: packing, uploading, copying; everything before there is a release, which from then on is what
 * others are refused for. At most one for each app, held as long as its owner is heard of. Kept in memory: after a restart whoever is
 * heard of first has it. What may never happen twice is decided by the release; a lease only keeps people from working for nothing.
 */
export class Leases {
  readonly #now: () => number;
  readonly #steady: () => number;
  readonly #all = new Map<string, Lease>();

  constructor({ now, steady = () => performance.now() }: LeasesOptions) {
    this.#now = now;
    this.#steady = steady;
  }

  /** @throws TealError `deploy-leased` when somebody else has one of the apps */
  take(wanted: Wanted): LeaseView {
    const other = this.#holderOf(wanted.apps);
    if (other !== null) throw held(this.#view(other), this.#now());
    const lease: Lease = {
      ...wanted,
      id: randomUUID(),
      since: this.#now(),
      heardAt: this.#steady(),
      inUse: 0,
      over: new AbortController(),
    };
    this.#all.set(lease.id, lease);
    return this.#view(lease);
  }

  /** The same in place of whoever has one of the apps: they are refused when they go on. */
  takeOver(wanted: Wanted): LeaseView {
    for (let other = this.#holderOf(wanted.apps); other !== null; other = this.#holderOf(wanted.apps))
      this.end(other.id);
    return this.take(wanted);
  }

  /** The same when nobody has one of the apps any more. @throws the signal's reason */
  async takeInTurn(wanted: Wanted, signal: AbortSignal): Promise<LeaseView> {
    for (;;) {
      signal.throwIfAborted();
      const other = this.#holderOf(wanted.apps);
      if (other === null) return this.take(wanted);
      const left = other.inUse > 0 ? leaseMs : Math.max(0, other.heardAt + leaseMs - this.#steady());
      await pause(left, AbortSignal.any([signal, other.over.signal]));
    }
  }

  /** A heartbeat. @throws TealError `deploy-leased` when it has ended */
  renew(id: string): LeaseView {
    const lease = this.#known(id);
    lease.heardAt = this.#steady();
    return this.#view(lease);
  }

  /** @throws TealError `deploy-leased` when it has ended, or is not of all these apps */
  covers(id: string, apps: readonly string[]): void {
    const { apps: own } = this.#known(id);
    const other = apps.find((app) => !own.includes(app));
    if (other !== undefined) throw notOf(own, other);
  }

  /** Does something under a lease, which lasts as long as that. @throws TealError `deploy-leased` when it has ended */
  async during<T>(id: string, work: (check: () => void) => Promise<T>): Promise<T> {
    const lease = this.#known(id);
    lease.inUse += 1;
    try {
      return await work(() => void this.#known(id));
    } finally {
      lease.inUse -= 1;
      lease.heardAt = this.#steady();
    }
  }

  end(id: string): void {
    this.#all.get(id)?.over.abort();
    this.#all.delete(id);
  }

  #known(id: string): Lease {
    this.#forget();
    const lease = this.#all.get(id);
    if (lease === undefined) throw lost(id);
    return lease;
  }

  #holderOf(apps: readonly string[]): Lease | null {
    this.#forget();
    return [...this.#all.values()].find((lease) => lease.apps.some((app) => apps.includes(app))) ?? null;
  }

  /** Those whose owners have not been heard of for too long. */
  #forget(): void {
    const since = this.#steady() - leaseMs;
    for (const { id, inUse, heardAt } of this.#all.values())
      if (inUse === 0 && heardAt <= since) this.end(id);
  }

  #view({ id, apps, actor, version, since, heardAt, inUse }: Lease): LeaseView {
    const left = inUse > 0 ? leaseMs : heardAt + leaseMs - this.#steady();
    return { id, apps, actor, version, since, expiresAt: Math.round(this.#now() + left) };
  }
}

function held({ apps, actor, version, since, expiresAt }: LeaseView, now: number): TealError {
  const what = version === null ? 'a deploy' : version;
  const seconds = Math.max(0, Math.round((now - since) / 1000));
  return new TealError(
    'deploy-leased',
    `${actor} has been making ${what} of ${apps.join(', ')} ready for ${seconds} s, since ${new Date(since).toISOString()}.`,
    {
      remedy: 'wait for it: --on-conflict wait; or do it instead: --on-conflict supersede',
      // Not its id, by which it could be ended.
      details: { apps, actor, version, since, expiresAt },
    },
  );
}

const lost = (lease: string): TealError =>
  new TealError(
    'deploy-leased',
    'Somebody else is deploying now: this deploy was superseded, or not heard of for too long.',
    {
      remedy: 'see who it is: teal status; then do it again',
      details: { lease },
    },
  );

const notOf = (own: readonly string[], app: string): TealError =>
  new TealError('deploy-leased', `The lease is of ${own.join(', ')}, not of ${app}.`, {
    remedy: `take one of ${app}: POST /v1/leases`,
    details: { apps: own, app },
  });
