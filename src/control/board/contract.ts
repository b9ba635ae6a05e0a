/** The part of the API that a page for people shows at once; see ../contract.ts. */
import type { ErrorJson } from '../../errors.ts';
import type { Colour, Difference, ReleaseStatus, Step } from '../../release/state.ts';
import type { AppStatus } from '../contract.ts';
import type { StandingView } from '../judge/contract.ts';
import type { Pulse } from '../traffic/now.ts';

/** Every app in a line: what needs somebody first. */
export interface OverviewView {
  readonly at: number;
  /** Of the routing table; null when the router does not answer. */
  readonly generation: number | null;
  readonly apps: readonly OverviewApp[];
}

/** `trouble`: something failed, or nobody answers · `asks`: a person is waited for · `moving`: a release goes on by itself */
export type Mood = 'trouble' | 'asks' | 'moving' | 'calm' | 'empty';

export interface OverviewApp {
  readonly app: string;
  readonly group: string | null;
  readonly mood: Mood;
  /** What there is to say of it, in one sentence. */
  readonly says: string;
  readonly live: Colour | null;
  readonly version: string | null;
  /** Since when what is live has run: of its oldest instance. */
  readonly since: number | null;
  readonly release: OverviewRelease | null;
  readonly pulse: Pulse;
}

/** The one that is under way. */
export interface OverviewRelease {
  readonly id: string;
  readonly version: string;
  readonly colour: Colour;
  readonly status: ReleaseStatus;
  readonly step: string | null;
  readonly index: number;
  readonly of: number;
  readonly endsAt: number | null;
  readonly paused: boolean;
  /** Per cent of the people that it has by its percentage; audiences come on top. */
  readonly percent: number;
}

/** One app with all that its page shows but the traffic. */
export interface BoardView {
  readonly at: number;
  /** What it had come to. A command that names it as `seen` is refused when it has gone on since. */
  readonly stamp: string;
  readonly status: AppStatus;
  readonly rungs: readonly Rung[];
  readonly actions: readonly ActionView[];
  readonly who: WhoView;
  /** What the release on the page is judged by; null: it is not. */
  readonly evidence: StandingView | null;
}

export type RungState = 'passed' | 'skipped' | 'failed' | 'current' | 'ahead' | 'dropped';

/**
 * A step of the running release, or of the last one; before them the database's expand and backfill and the start of the candidate, after
 * them the rollback window and the database's contract or undo.
 */
export interface Rung {
  readonly kind: 'database' | 'start' | Step['kind'] | 'window';
  readonly name: string;
  readonly state: RungState;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** When time alone ends it. */
  readonly endsAt: number | null;
  /** It waits for a person. */
  readonly asks: boolean;
  /** Who may; null: anyone who is approver. */
  readonly by: readonly string[] | null;
  /** Who let it pass. */
  readonly actor: string | null;
  /** What they said to it. */
  readonly reason: string | null;
  /** Of a test; of evidence what the judge said. */
  readonly output: string | null;
  readonly error: ErrorJson | null;
  /** What it does now or waits for, in one sentence: of the database. */
  readonly says: string | null;
  /** How much of it is done, 0 to 1, where that is counted. */
  readonly part: number | null;
}

/** Something that could be done to the app, and why not. */
export interface ActionView {
  readonly id: string;
  readonly label: string;
  /** What would happen. */
  readonly does: string;
  /** A POST there, with this body, `reason` and, where it heeds that, `seen`. */
  readonly path: string;
  readonly body: { readonly full?: boolean; readonly step?: number };
  readonly heedsSeen: boolean;
  readonly needsReason: boolean;
  /** What has to be said yes to first, since nothing brings it back; null: nothing has. */
  readonly confirm: string | null;
  /** Why it cannot be done by who asks; null: it can. */
  readonly refusal: { readonly says: string; readonly remedy: string } | null;
}

/** Who is sent to the candidate. */
export interface WhoView {
  readonly exposed: readonly {
    readonly says: string;
    readonly to: readonly string[];
    /** Of those people. */
    readonly percent: number;
  }[];
  /** As the judge has counted them; null: nobody is counted. */
  readonly people: { readonly candidate: number; readonly live: number } | null;
  readonly audiences: readonly { readonly name: string; readonly rule: string }[];
}

/** A release in the history. */
export interface ReleaseRow {
  /** Position of its first event: `before` of the page before. */
  readonly seq: number;
  readonly id: string;
  readonly kind: 'deploy' | 'rollback';
  readonly version: string;
  readonly from: string | null;
  readonly colour: Colour;
  readonly actor: string;
  readonly startedAt: number;
  /** Null: it is not over, or is watched still. */
  readonly endedAt: number | null;
  readonly outcome: 'running' | 'live' | 'completed' | 'aborted' | 'rolled back';
  /** Why it ended as it did. */
  readonly why: string | null;
  readonly stepsPassed: number;
  readonly approvals: readonly {
    readonly actor: string;
    readonly at: number;
    readonly reason: string | null;
  }[];
  /** What the judge said last. */
  readonly verdict: string | null;
  /** People who would not have had it on live, by the judge's last count. */
  readonly harmed: number | null;
  readonly differences: readonly Difference[];
}
