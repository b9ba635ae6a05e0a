import type { BlockList } from 'node:net';
import type { Networks } from '../../audience/address.ts';
import type { Place } from '../../audience/request.ts';
import { asksForPlace } from '../../audience/asks.ts';
import type { CookieKey, CookieMemory } from '../../audience/signed.ts';
import type { JwtSettings } from '../../config/audience.ts';
import { Memory } from '../../audience/memory.ts';
import { openPlaces, type Places } from '../facts/places.ts';
import { createTokenVerifier, type TokenVerifier } from '../facts/token.ts';
import type { RoutingTable } from '../table.ts';
import type { FactSources } from './audience.ts';
import { isWithin } from './peer.ts';

export interface FactSourcesOptions {
  readonly trustedProxies: BlockList;
  /** `router.geo-database`; null: the optional package, when it is installed. */
  readonly geoDatabase: string | null;
  readonly onWarning: (message: string) => void;
}

interface Kept {
  readonly settings: string;
  readonly verifier: TokenVerifier;
}

interface KeptCookies {
  readonly keys: string;
  readonly memory: CookieMemory;
}

/** In each of two generations: some hundred bytes each, and a person brings one or two. */
const mostCookies = 10_000;

/**
 * What a worker knows facts from: databases and keys that outlive its tables. The database of places is opened when the first
 * table asks for one, since most apps never do.
 */
export class WorkerFacts implements FactSources {
  readonly trusted: Networks;
  readonly #options: FactSourcesOptions;
  readonly #verifiers = new Map<string, Kept>();
  readonly #cookies = new Map<string, KeptCookies>();
  #places: Promise<Places> | null = null;
  #open: Places | null = null;

  constructor(options: FactSourcesOptions) {
    const { trustedProxies } = options;
    this.#options = options;
    this.trusted = { has: (address) => isWithin(address, trustedProxies) };
  }

  /** Nobody is placed until the database is open: until then such audiences match nobody, and live serves. */
  lookUp(address: string): Place | null {
    this.#places ??= this.#openPlaces();
    return this.#open?.lookUp(address) ?? null;
  }

  /** One for each app, kept while its settings are the same: tokens that were verified stay so over tables. */
  verifier(app: string, settings: JwtSettings): TokenVerifier {
    const text = JSON.stringify(settings);
    const kept = this.#verifiers.get(app);
    if (kept?.settings === text) return kept.verifier;
    const verifier = createTokenVerifier(settings, {
      environment: process.env,
      fetch,
      elapsed: () => performance.now(),
      onWarning: (message) => this.#options.onWarning(`${app}: ${message}`),
    });
    this.#verifiers.set(app, { settings: text, verifier });
    return verifier;
  }

  /** As for tokens: made anew when the keys are others, since what was found holds for those alone. */
  cookies(app: string, keys: readonly CookieKey[]): CookieMemory {
    const text = JSON.stringify(keys);
    const kept = this.#cookies.get(app);
    if (kept?.keys === text) return kept.memory;
    const memory: CookieMemory = new Memory(mostCookies);
    this.#cookies.set(app, { keys: text, memory });
    return memory;
  }

  /** Opens what the next tables will need, before requests ask for it. */
  async warm(): Promise<void> {
    this.#places ??= this.#openPlaces();
    await this.#places;
  }

  close(): void {
    void this.#places?.then((places) => places.close());
  }

  async #openPlaces(): Promise<Places> {
    const { geoDatabase, onWarning } = this.#options;
    const places = await openPlaces({ file: geoDatabase, onWarning });
    this.#open = places;
    return places;
  }
}

/** Whether an audience of any app is about where addresses are. */
export const asksForPlaces = ({ apps }: RoutingTable): boolean =>
  apps.some(({ audience }) => Object.values(audience?.audiences ?? {}).some(asksForPlace));
