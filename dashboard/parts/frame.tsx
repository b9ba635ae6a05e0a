import type { ComponentChildren } from 'preact';
import type { SessionView } from '../../src/control/contract-access.ts';
import { Brand } from './brand.tsx';
import { Connection } from './connection.tsx';
import { Keys } from './keys.tsx';
import { Notice } from './notice.tsx';
import { ThemeButton } from './theme-button.tsx';
import { SignOut } from './sign-out.tsx';

/** What every page has around it. */
export const Frame = ({
  session,
  app = null,
  here,
  children,
}: {
  readonly session: SessionView;
  readonly app?: string | null;
  readonly here: 'apps' | 'app' | 'history' | 'events' | 'logs';
  readonly children: ComponentChildren;
}) => (
  <>
    <a class="skip" href="#main">
      To the content
    </a>
    <header class="top">
      <Brand />
      <nav aria-label="Pages">
        <Go to="/" letter={null} at={here === 'apps'} text="Apps" />
        {app === null ? null : (
          <>
            <Go to={`/apps/${encodeURIComponent(app)}`} letter="o" at={here === 'app'} text={app} />
            <Go
              to={`/apps/${encodeURIComponent(app)}/history`}
              letter="h"
              at={here === 'history'}
              text="History"
            />
            <Go to={`/apps/${encodeURIComponent(app)}/logs`} letter="l" at={here === 'logs'} text="Logs" />
          </>
        )}
        <Go
          to={app === null ? '/events' : `/events?app=${encodeURIComponent(app)}`}
          letter="e"
          at={here === 'events'}
          text="Events"
        />
      </nav>
      <div class="aside">
        <Connection />
        <ThemeButton />
        <span class="me" title={session.apps === null ? 'every app' : session.apps.join(', ')}>
          {session.actor.replace(/^\w+:/, '')} <span class="chip">{session.role}</span>
        </span>
        <SignOut csrf={session.csrf} />
      </div>
    </header>
    <main id="main" tabIndex={-1}>
      {children}
    </main>
    <Notice />
    <Keys />
  </>
);

const Go = ({
  to,
  letter,
  at,
  text,
}: {
  readonly to: string;
  readonly letter: string | null;
  readonly at: boolean;
  readonly text: string;
}) => (
  <a
    href={to}
    {...(letter === null ? {} : { 'data-go': letter })}
    {...(at ? { 'aria-current': 'page' as const } : {})}
  >
    {text}
  </a>
);
