import { createHash, randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { OidcConfig } from '../../config/control.ts';
import { TealError } from '../../errors.ts';
import type { AuditLog } from './audit-log.ts';
import { Begun } from './begun.ts';
import type { From } from './caller.ts';
import { causesOf } from './causes.ts';
import type { Grant } from './grant.ts';
import type { GrantBook, Made } from './grant-book.ts';
import { Issuer, type DeviceStart, type Outgoing } from './issuer.ts';
import { noteSignIn } from './sign-in-note.ts';
import { personOf, type Claims, type Person } from './person.ts';
import { Throttle } from './throttle.ts';

/** A person who has to find their phone for the second factor. */
const pendingMs = 10 * 60_000;
/** A whole office at nine, behind one address; in all some megabytes. */
const pendingLimits = { each: 100, all: 5000 };
/** For each of them the issuer is asked every five seconds. */
const deviceLimits = { each: 20, all: 200 };
/** Old ones go on for the requests that are on their way. */
const graceMs = 30_000;
/** A session's secret changes this often: one that leaked is soon worth nothing. */
const rotateAfterMs = 3600_000;
/** What failed is logged so often, whoever makes it fail: strangers cannot fill the disk. */
const logged = { burst: 60, perSecond: 0.2 };

interface Pending extends Omit<Outgoing, 'url'> {
  /** Of the browser that began it: nobody else can finish it. */
  readonly browser: string;
  readonly to: string;
  readonly until: number;
}

interface Device {
  readonly until: number;
  outcome: Made | { readonly error: TealError } | null;
  readonly stop: AbortController;
}

export interface SignInParts {
  readonly oidc: OidcConfig;
  /** Where people reach the control plane. */
  readonly origin: string;
  readonly book: GrantBook;
  readonly audit: AuditLog;
  readonly log: Logger;
  readonly now: () => number;
}

const hashed = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** Signing people in by OpenID Connect: who has begun, who is finished; each once, and in the browser that began it. */
export class SignIn {
  readonly #parts: SignInParts;
  readonly #issuer: Issuer;
  readonly #pending = new Begun<Pending>(pendingLimits);
  readonly #devices = new Begun<Device>(deviceLimits, ({ stop }) => stop.abort());
  /** By session: who asks again while the secret before is still good gets the same one. */
  readonly #rotations = new Map<string, { readonly until: number; readonly made: Promise<Made | null> }>();
  readonly #logged = new Throttle(logged);

  constructor(parts: SignInParts) {
    this.#parts = parts;
    this.#issuer = new Issuer(parts.oidc, `${parts.origin}/login/callback`, parts.now);
  }

  get secure(): boolean {
    return this.#parts.origin.startsWith('https:');
  }

  /** @param to a path of ours to go to afterwards. @returns where to send the browser, and what it has to keep */
  async begin(
    to: string,
    from: From,
  ): Promise<{ readonly url: URL; readonly browser: string; readonly seconds: number }> {
    const { url, ...outgoing } = await this.#watched(from, () => this.#issuer.start());
    const browser = randomBytes(32).toString('base64url');
    const now = this.#parts.now();
    const pending = { ...outgoing, browser: hashed(browser), to: ownPath(to), until: now + pendingMs };
    this.#pending.add(outgoing.state, pending, from.address, now);
    return { url, browser, seconds: pendingMs / 1000 };
  }

  /** A session for whoever comes back. @throws TealError `login-failed` */
  async finish(
    search: string,
    { browser, from }: { readonly browser: string | null; readonly from: From },
  ): Promise<Made & { readonly to: string }> {
    const state = new URLSearchParams(search).get('state') ?? '';
    // Whatever comes of it: an answer is good once.
    const pending = this.#pending.take(state);
    if (pending === null || pending.until <= this.#parts.now()) throw notBegun();
    if (browser === null || hashed(browser) !== pending.browser) throw notBegun();
    const claims = await this.#watched(from, () => this.#issuer.finish(search, pending));
    return { ...(await this.#grant(claims, 'session', from)), to: pending.to };
  }

  /** Begins a sign-in of the command line. @returns also by which it is asked for; it is a secret */
  async beginDevice(from: From): Promise<{ readonly id: string; readonly device: DeviceStart }> {
    const device = await this.#watched(from, () => this.#issuer.startDevice());
    const id = randomBytes(32).toString('base64url');
    const stop = new AbortController();
    const waiting: Device = { until: device.expiresAt, outcome: null, stop };
    const now = this.#parts.now();
    this.#devices.add(id, waiting, from.address, now);
    const late = AbortSignal.timeout(Math.max(0, device.expiresAt - now));
    const signal = AbortSignal.any([stop.signal, late]);
    void this.#watched(from, () => device.claims(signal), signal)
      .then((claims) => this.#grant(claims, 'login', from))
      .then(
        (made) => (waiting.outcome = made),
        (error: unknown) => (waiting.outcome = { error: this.#failure(error) }),
      );
    return { id, device };
  }

  /** What has become of it; null while it is waited for. Told once. @throws TealError `login-failed` */
  device(id: string): Made | null {
    const device = this.#devices.get(id);
    if (device === null) throw notBegun();
    if (device.outcome === null) return null;
    this.#devices.take(id);
    if ('error' in device.outcome) throw device.outcome.error;
    return device.outcome;
  }

  /** Another secret for a session that has had its own for long; null when it is too early. */
  rotated(id: string): Promise<Made | null> {
    const now = this.#parts.now();
    for (const [each, { until }] of this.#rotations) if (until <= now) this.#rotations.delete(each);
    const known = this.#rotations.get(id);
    if (known !== undefined) return known.made;
    const isDue = ({ madeAt, former }: Grant): boolean => now - (former?.until ?? madeAt) >= rotateAfterMs;
    const old = this.#parts.book.list().find((grant) => grant.id === id);
    if (old === undefined || !isDue(old)) return Promise.resolve(null);
    const until = now + graceMs;
    const made = this.#parts.book.rotate(id, isDue, until);
    this.#rotations.set(id, { until, made });
    made.catch(() => this.#rotations.delete(id));
    return made;
  }

  close(): void {
    this.#devices.clear();
    this.#pending.clear();
    this.#rotations.clear();
  }

  async #grant(claims: Claims, kind: 'session' | 'login', from: From): Promise<Made> {
    const { oidc, book, now } = this.#parts;
    let person: Person;
    try {
      person = personOf(claims, oidc);
    } catch (error) {
      if (error instanceof TealError) await this.#note(null, from, error);
      throw error;
    }
    const made = await book.make(
      { ...person, kind, name: person.actor, apps: null, expiresAt: now() + oidc.sessionMs },
      person.actor,
    );
    await this.#note(made.grant, from, null);
    return made;
  }

  #note(grant: Grant | null, from: From, error: TealError | null): Promise<void> {
    const { audit, now } = this.#parts;
    return noteSignIn(audit, { grant, from, path: '/login', error, at: now() });
  }

  #failure(error: unknown): TealError {
    if (error instanceof TealError) return error;
    this.#parts.log.error({ error }, 'a sign-in failed');
    return notBegun();
  }

  /** What goes wrong at the issuer, or on the way there, is logged: people are told no more than that it did. */
  async #watched<T>({ address }: From, work: () => Promise<T>, givenUp?: AbortSignal): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const { now, log } = this.#parts;
      const told = error instanceof TealError && error.cause !== undefined && givenUp?.aborted !== true;
      if (told && this.#logged.take('', now()) === 0)
        log.warn({ address, why: causesOf(error) }, error.message);
      throw error;
    }
  }
}

/** A path of our own: what leads elsewhere, however it is written, leads to the front page. */
export function ownPath(to: string): string {
  return /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(to) ? to : '/';
}

const notBegun = (): TealError =>
  new TealError(
    'login-failed',
    'Not signed in: this sign-in was not begun here, is over, or was used already.',
    {
      remedy: 'begin again: open the dashboard, or teal login',
    },
  );

/** How long it still lasts, in seconds. */
export const secondsOf = ({ expiresAt }: Grant, now: number): number =>
  Math.round(((expiresAt ?? now) - now) / 1000);

/** @throws TealError `usage` */
export function offered(signIn: SignIn | null): SignIn {
  if (signIn !== null) return signIn;
  throw new TealError('usage', 'Nobody signs in here: there is no control.oidc in teal.yaml.', {
    remedy: 'use a token: teal login --token. An admin makes one with: teal token create',
  });
}
