import type { ComponentChildren } from 'preact';
import type { Page } from '../src/control/dashboard/page.ts';
import { AppPageView } from './pages/app-page.tsx';
import { ErrorView } from './pages/error.tsx';
import { EventsView } from './pages/events.tsx';
import { HistoryView } from './pages/history.tsx';
import { LoginView } from './pages/login.tsx';
import { LogsView } from './pages/logs.tsx';
import { OverviewPageView } from './pages/overview.tsx';

/** Any page, in the browser and on the server. */
export function App({ page }: { readonly page: Page }): ComponentChildren {
  switch (page.kind) {
    case 'overview':
      return <OverviewPageView page={page} />;
    case 'app':
      return <AppPageView page={page} />;
    case 'history':
      return <HistoryView page={page} />;
    case 'events':
      return <EventsView page={page} />;
    case 'logs':
      return <LogsView page={page} />;
    case 'login':
      return <LoginView page={page} />;
    case 'error':
      return <ErrorView page={page} />;
  }
}

/** What the browser's tab says. */
export function titleOf(page: Page): string {
  switch (page.kind) {
    case 'overview':
      return 'Apps · Teal';
    case 'app':
      return `${page.board.status.app} · Teal`;
    case 'history':
      return `History of ${page.app} · Teal`;
    case 'events':
      return page.app === null ? 'Events · Teal' : `Events of ${page.app} · Teal`;
    case 'logs':
      return `Logs of ${page.app} · Teal`;
    case 'login':
      return 'Sign in · Teal';
    case 'error':
      return 'Not shown · Teal';
  }
}
