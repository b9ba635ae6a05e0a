import type { SessionView } from '../contract-access.ts';
import type { BoardView, EventView, LogLine, OverviewView, ReleaseRow, TrafficView } from '../contract.ts';

/** A page with all that it shows: what the server renders, and the browser goes on with. */
export type Page = OverviewPage | AppPage | HistoryPage | EventsPage | LogsPage | LoginPage | ErrorPage;

interface Common {
  /** Who looks; its `csrf` is null where nobody signs in by a page. */
  readonly session: SessionView;
  /** When it was made, in milliseconds since the epoch. */
  readonly at: number;
}

export interface OverviewPage extends Common {
  readonly kind: 'overview';
  readonly overview: OverviewView;
}

export interface AppPage extends Common {
  readonly kind: 'app';
  readonly board: BoardView;
  readonly traffic: TrafficView;
}

export interface HistoryPage extends Common {
  readonly kind: 'history';
  readonly app: string;
  readonly releases: readonly ReleaseRow[];
}

export interface EventsPage extends Common {
  readonly kind: 'events';
  /** Null: of all apps. */
  readonly app: string | null;
  readonly events: readonly EventView[];
}

export interface LogsPage extends Common {
  readonly kind: 'logs';
  readonly app: string;
  readonly lines: readonly LogLine[];
}

/** A token is asked for. */
export interface LoginPage {
  readonly kind: 'login';
  /** A path of ours to go to afterwards. */
  readonly to: string;
  readonly error: { readonly message: string; readonly remedy: string } | null;
}

export interface ErrorPage {
  readonly kind: 'error';
  readonly message: string;
  readonly remedy: string;
  readonly code: string;
}
