import { createHash, randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { OidcConfig } from '../../config/control.ts';
import { TealError } from '../../errors.ts';
import type { AuditLog } from './audit-log.ts';
import type { From } from './caller.ts';
import type { Grant } from './grant.ts';
import type { GrantBook } from './grant-book.ts';
import { Issuer, type DeviceStart, type Outgoing } from './issuer.ts';
import { personOf, type Claims, type Person } from './person.ts';

/** A person who has to find their phone for the second factor. */
const pendingMs = 10 * 60_000;
/** Whoever begins sign-ins without end fills nobody's memory. */
const mostPending = 1000;
const mostDevices = 50;
/** Old ones go on for the requests that are on their way. */
const graceMs = 30_000;
/** A session's secret changes this often: one that leaked is soon worth nothing. */
const rotateAfterMs = 3600_000;

interface Pending extends Omit<Outgoing, 'url'> {
  /** Of the browser that began it: nobody else can finish it. */
  readonly browser: string;
  readonly to: string;
  readonly until: number;
}

interface Device {
  readonly until: number;
  outcome: { readonly secret: string; readonly grant: Grant } | { readonly error: TealError } | null;
  readonly stop: AbortController;
}

export interface Made {
  readonly secret: string;
  readonly grant: Grant;
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
  readonly #pending = new Map<string, Pending>();
  readonly #devices = new Map<string, Device>();

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
  ): Promise<{ readonly url: URL; readonly browser: string; readonly seconds: number }> {
    this.#forget(this.#pending, mostPending);
    const { url, ...outgoing } = await this.#issuer.start();
    const browser = randomBytes(32).toString('base64url');
    const until = this.#parts.now() + pendingMs;
    this.#pending.set(outgoing.state, { ...outgoing, browser: hashed(browser), to: ownPath(to), until });
    return { url, browser, seconds: pendingMs / 1000 };
  }

  /** A session for whoever comes back. @throws TealError `login-failed` */
  async finish(
    search: string,
    { browser, from }: { readonly browser: string | null; readonly from: From },
  ): Promise<Made & { readonly to: string }> {
    const state = new URLSearchParams(search).get('state') ?? '';
    const pending = this.#pending.get(state);
    // Whatever comes of it: an answer is good once.
    this.#pending.delete(state);
    if (pending === undefined || pending.until <= this.#parts.now()) throw notBegun();
    if (browser === null || hashed(browser) !== pending.browser) throw notBegun();
    const claims = await this.#issuer.finish(search, pending);
    return { ...(await this.#grant(claims, 'session', from)), to: pending.to };
  }

  /** Begins a sign-in of the command line. @returns also by which it is asked for; it is a secret */
  async beginDevice(from: From): Promise<{ readonly id: string; readonly device: DeviceStart }> {
    this.#forget(this.#devices, mostDevices);
    const device = await this.#issuer.startDevice();
    const id = randomBytes(32).toString('base64url');
    const stop = new AbortController();
    const waiting: Device = { until: device.expiresAt, outcome: null, stop };
    this.#devices.set(id, waiting);
    const signal = AbortSignal.any([
      stop.signal,
      AbortSignal.timeout(Math.max(0, device.expiresAt - this.#parts.now())),
    ]);
    void device
      .claims(signal)
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
    if (device === undefined) throw notBegun();
    if (device.outcome === null) return null;
    this.#devices.delete(id);
    if ('error' in device.outcome) throw device.outcome.error;
    return device.outcome;
  }

  /** Another secret for a session that has had its own for long; null when it is too early. */
  async rotated(id: string): Promise<Made | null> {
    const { book, now } = this.#parts;
    const old = book.list().find((grant) => grant.id === id);
    if (old === undefined || now() - old.madeAt < rotateAfterMs) return null;
    const made = await book.make({ ...old, kind: 'session' }, old.actor);
    await book.shorten(id, now() + graceMs);
    return made;
  }

  close(): void {
    for (const { stop } of this.#devices.values()) stop.abort();
    this.#devices.clear();
    this.#pending.clear();
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

  async #note(grant: Grant | null, { address, agent }: From, error: TealError | null): Promise<void> {
    await this.#parts.audit.add({
      at: this.#parts.now(),
      actor: grant?.actor ?? 'nobody',
      role: grant?.role ?? null,
      by: grant?.kind ?? null,
      token: grant?.id ?? null,
      address,
      agent,
      what: 'sign in',
      path: '/login',
      status: error === null ? 200 : 403,
      code: error?.code ?? null,
      before: null,
      after: error === null ? null : { why: error.message },
    });
  }

  #failure(error: unknown): TealError {
    if (error instanceof TealError) return error;
    this.#parts.log.error({ error }, 'a sign-in failed');
    return notBegun();
  }

  /** Those that are over. @throws TealError `too-many-requests` when there are too many others */
  #forget<T extends { readonly until: number }>(of: Map<string, T>, most: number): void {
    const now = this.#parts.now();
    for (const [key, { until }] of of) if (until <= now) of.delete(key);
    if (of.size < most) return;
    throw new TealError('too-many-requests', 'Too many are signing in just now.', {
      remedy: 'try again in a minute',
      details: { retryAfterSeconds: 60 },
    });
  }
}

/** A path of our own: what leads elsewhere, however it is written, leads to the front page. */
function ownPath(to: string): string {
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

/** How long it lasts, in seconds; made within a moment of when that was decided. */
export const secondsOf = ({ expiresAt, madeAt }: Grant): number =>
  Math.round(((expiresAt ?? madeAt) - madeAt) / 1000);

/** @throws TealError `usage` */
export function offered(signIn: SignIn | null): SignIn {
  if (signIn !== null) return signIn;
  throw new TealError('usage', 'Nobody signs in here: there is no control.oidc in teal.yaml.', {
    remedy: 'use a token: teal login --token. An admin makes one with: teal token create',
  });
}
