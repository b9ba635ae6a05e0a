import type { CompiledRule } from '../../audience/rules.ts';
import type { UpstreamPolicy } from '../../config/config.ts';
import type { Latencies } from '../../metrics/latencies.ts';
import type { Colour } from '../../release/state.ts';
import type { CompiledAudience } from './audience.ts';
import type { Counts } from './endpoint.ts';
import type { ErrorPages } from './error-pages.ts';
import type { CompiledFlags } from './flags/compiled.ts';
import type { EndpointGroup } from './group.ts';
import type { Judging } from './judging.ts';
import type { RetryBudget } from './retry-budget.ts';
import type { Skew } from './skew.ts';
import type { GroupLine, Together } from './together.ts';

/**
 * A routing table made ready for requests, once per table: maps instead of lists, header text instead of names.
 * Immutable; a worker's only reference to it is replaced as a whole (invariant 2).
 */
export interface CompiledTable {
  readonly generation: number;
  readonly apps: ReadonlyMap<string, CompiledApp>;
  readonly exact: ReadonlyMap<string, readonly CompiledRoute[]>;
  /** Keyed by what follows `*.`. */
  readonly wildcard: ReadonlyMap<string, readonly CompiledRoute[]>;
  readonly any: readonly CompiledRoute[];
  readonly endpointIds: ReadonlySet<string>;
  /** Exposures are out of force. */
  readonly expired: boolean;
}

/** One app: where its people go, and all that holds for them. */
export interface CompiledApp {
  readonly name: string;
  readonly live: Colour | null;
  readonly environments: Readonly<Record<Colour, CompiledEnvironment | null>>;
  readonly maintenance: { readonly message: string } | null;
  /** What previews are signed with, by id. */
  readonly keys: ReadonlyMap<string, string>;
  readonly audience: CompiledAudience | null;
  readonly upstream: UpstreamPolicy;
  readonly pages: ErrorPages;
  /** Null: pages are not kept together with their files. */
  readonly skew: Skew | null;
  /** Null: nobody counts its people. */
  readonly judging: Judging | null;
  /** Null: it is released alone. */
  readonly together: Together | null;
  /** Its feature flags. */
  readonly flags: CompiledFlags;
  /** Longest path first: for previews, which name the app and not the host. */
  readonly routes: readonly CompiledRoute[];
}

/** One version that runs, and how requests are passed on to it. */
export interface CompiledEnvironment {
  readonly app: string;
  readonly colour: Colour;
  readonly version: string;
  readonly roles: ReadonlyMap<string, EndpointGroup>;
  readonly counts: Counts;
  readonly retries: RetryBudget;
  readonly upstream: UpstreamPolicy;
  /** Of the app. */
  readonly pages: ErrorPages;
  /** The `x-teal-*` lines that requests carry to the app. */
  readonly headers: string;
  /** The line that answers carry to the client, or nothing. */
  readonly versionLine: string;
  /** Of the app. */
  readonly skew: Skew | null;
  /** Of live: which of its requests are copied. */
  readonly mirror: Mirror | null;
  /** Of the app. */
  readonly judging: Judging | null;
  readonly latencies: Latencies;
  /** What tells the app which versions of others go with it. */
  readonly group: GroupLine | null;
}

/** A path of an app, without the slash at its end. */
export interface CompiledRoute {
  readonly path: string;
  readonly role: string;
  readonly app: CompiledApp;
}

/** A table's mirror made ready. */
export interface Mirror {
  /** The candidate. */
  readonly environment: CompiledEnvironment;
  readonly methods: ReadonlySet<string>;
  /** 0 to 1. */
  readonly share: number;
  /** Whose requests; null: everyone's. */
  readonly whose: MirroredPeople | null;
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
}

/** The people whose requests are copied. */
export interface MirroredPeople {
  readonly audience: CompiledAudience;
  readonly rules: readonly CompiledRule[];
}
