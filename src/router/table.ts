import type { AudienceTable } from '../audience/table.ts';
import type { DrainPolicy, UpstreamPolicy } from '../config/config.ts';
import type { FlagTable } from '../features/flag-set.ts';
import type { Scale } from '../judge/rank.ts';
import type { Slow } from '../judge/units.ts';
import { firstKey } from '../release/keys.ts';
import type { Colour } from '../release/state.ts';

/**
 * Where every request goes: one immutable, numbered snapshot. A router replaces its whole table by one reference
 * (invariant 2), so a request sees one table or the next, never a mixture.
 */
export interface RoutingTable {
  /** Rises with every table; a router refuses one that is not newer than its own. */
  readonly generation: number;
  readonly apps: readonly AppTable[];
}

export interface AppTable {
  readonly app: string;
  /** The generation in which it became what it is, where people are counted. Absent in a table of an older Teal: that of the table. */
  readonly since?: number;
  readonly live: Colour | null;
  readonly routes: readonly Route[];
  readonly environments: Readonly<Record<Colour, EnvironmentTable | null>>;
  /** Set while `teal maintenance on`: live requests get this page with 503; previews still pass. */
  readonly maintenance: { readonly message: string } | null;
  /** HMAC key (base64url) that preview tokens of this app are signed with. Secret: the table's file is 0600 and never shown. */
  readonly previewKey: string;
  /** What cookies and previews are signed with: the first signs, all verify. Absent: `previewKey` alone, as `k1`. Secret, too. */
  readonly keys?: readonly SigningKey[];
  /** Who goes where; null (or absent, in a table of an older Teal): everyone goes to live. */
  readonly audience?: AudienceTable | null;
  /** Answers of the app say which version they are of (`x-teal-version`). */
  readonly exposeVersion?: boolean;
  /** Pages keep the files of their version; `warm` is where those of pages from before are. Null (or absent): they do not. */
  readonly skew?: { readonly warm: Colour | null } | null;
  /** Whose people are counted; null (or absent): nobody's, and it costs nothing. */
  readonly judged?: Judged | null;
  /** Copies of live's requests for the candidate. Null (or absent): none are made. */
  readonly mirror?: MirrorTable | null;
  /** Its feature flags. Null (or absent): it has none. */
  readonly flags?: FlagTable | null;
  /** What is released together with it. Null (or absent): nothing. */
  readonly group?: GroupTable | null;
  readonly drain: DrainPolicy;
  readonly upstream: UpstreamPolicy;
  /** HTML of the app's own error pages by `maintenance`, status, `4xx` or `5xx`; none when left out. */
  readonly errors?: Readonly<Record<string, string>>;
}

/**
 * A release whose people are counted. Best from its start on: what happens before anybody is exposed is the `before` of `Router.past`. Who was seen then
 * is forgotten at the first exposure. The marks may change until then, and stay from then on.
 */
export interface Judged {
  readonly release: string;
  readonly candidate: Colour;
  /** In milliseconds to the first byte. Null: not known yet, nobody is slow. */
  readonly slow: Slow | null;
  /** Percentiles of the same; empty: not known yet, all are alike. */
  readonly scale: Scale;
}

/** Which of live's requests are copied, and where to. */
export interface MirrorTable {
  readonly candidate: Colour;
  /** Names of audiences, whose requests they are, any of which is enough; empty: everyone's. */
  readonly of: readonly string[];
  /** How many of their requests, 0 to 100; each is chosen by itself. */
  readonly percent: number;
  readonly methods: readonly string[];
  /** From the request sent on to the last byte of the copy's answer. */
  readonly timeoutMs: number;
  /** Requests with a longer body are not copied. */
  readonly maxBodyBytes: number;
}

export interface SigningKey {
  /** Named in what it has signed. */
  readonly id: string;
  /** base64url */
  readonly key: string;
}

/** The keys of an app, the one that signs first. */
export const signingKeys = ({
  keys,
  previewKey,
}: Pick<AppTable, 'keys' | 'previewKey'>): readonly SigningKey[] =>
  keys ?? [{ id: firstKey, key: previewKey }];

/** How requests of one app to another of its group stay with the versions that belong together. */
export interface GroupTable {
  readonly name: string;
  /** What pairs and cookies of the group are signed with; the first signs. */
  readonly keys: readonly SigningKey[];
  /** The pairs that each environment belongs to; requests there are told the first. */
  readonly sets: Readonly<Record<Colour, readonly string[]>>;
}

/** Hosts and paths of one web role, as in App: no hosts means every host, no paths every path. */
interface Route {
  readonly role: string;
  readonly hosts: readonly string[];
  readonly paths: readonly string[];
}

export interface EnvironmentTable {
  readonly version: string;
  readonly endpoints: readonly Endpoint[];
}

/** One instance that can take requests. */
export interface Endpoint {
  /** The instance's id: unique for ever, so that in-flight counts and drains never confuse two processes on one port. */
  readonly id: string;
  readonly role: string;
  readonly host: string;
  readonly port: number;
}
