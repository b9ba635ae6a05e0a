import { hydrate } from 'preact';
import type { Page } from '../src/control/dashboard/page.ts';
import { App } from './app.tsx';
import { startClock } from './live/clock.ts';
import { listenToKeys } from './live/keys.ts';
import { applyTheme } from './live/theme.ts';
import './style/index.css';
import './icon.svg?url';

const data = document.getElementById('page')?.textContent ?? '';
const root = document.getElementById('root');

applyTheme();
if (data !== '' && root !== null) {
  const page = JSON.parse(data) as Page;
  startClock('at' in page ? page.at : Date.now());
  hydrate(<App page={page} />, root);
  listenToKeys();
  document.documentElement.dataset['live'] = 'yes';
}
