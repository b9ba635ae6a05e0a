import { setTimeout as sleep } from 'node:timers/promises';
import { count } from '../../src/cli/render/units.ts';
import type { AppStatus, EventView } from '../../src/control/contract.ts';
import type { LoadReport } from '../../src/load/report.ts';
import { jobCounts } from '../shop/jobs.js';
import type { Home } from './home.ts';
import type { Screen } from './screen.ts';
import { openTabs, type Tabs } from './tabs.ts';
import type { Teal } from './teal.ts';
import { letIn, type Tally, type Visitors } from './visitors.ts';

/** Long enough for some hundred requests between the events of the story. */
const quietMs = 2000;
const patienceMs = 15_000;

export interface Stage {
  readonly teal: Teal;
  readonly screen: Screen;
  readonly home: Home;
  readonly signal: AbortSignal;
}

/** What the summary is made of. */
export interface Facts {
  readonly report: LoadReport;
  readonly tally: Tally;
  readonly tabs: Pick<Tabs, 'webSocket' | 'events'>;
  /** All that Teal has written down, oldest first. */
  readonly history: readonly EventView[];
  readonly jobs: { readonly queued: number; readonly done: number; readonly twice: number };
}

/**
 * Plays the story from `teal up` to v4; everything but Teal itself has ended when it resolves or rejects.
 * @param up URL of the app, when Teal is up already
 */
export async function play(stage: Stage, up?: string): Promise<Facts> {
  const { teal, screen, signal } = stage;
  screen.part('1  v1 goes live, and the shop opens');
  const url = up ?? (await teal.up());
  await teal.run('deploy', 'shop', 'v1', '--from', 'builds/v1', '--wait');
  const tabs = openTabs(url);
  const visitors = letIn(url);
  screen.seen(`${visitors.rps} requests a second from now on, a WebSocket and an event stream`);
  try {
    await sleep(quietMs, undefined, { signal });
    await update(stage, url, visitors);
    await mishap(stage, visitors);
    await repair(stage, visitors);
    const report = await visitors.stop();
    await tabs.close();
    return { report, tally: visitors.tally, tabs, history: await teal.history(), jobs: await settled(stage) };
  } finally {
    await Promise.all([visitors.stop(), tabs.close()]);
  }
}

async function update({ teal, screen, signal }: Stage, url: string, visitors: Visitors): Promise<void> {
  screen.part('2  v2 is tested in the idle environment, looked at, and switched to');
  await teal.run('deploy', 'shop', 'v2', '--from', 'builds/v2', '--promote', 'manual', '--until', 'ready');
  const [link] = /http:\S+/.exec(await teal.run('preview', 'shop')) ?? [];
  if (link === undefined) throw new Error('teal preview printed no link');
  const [there, here] = await Promise.all([versionAt(link, signal), versionAt(url, signal)]);
  screen.seen(`behind the link: ${there}. For everybody else: ${here}`);
  await teal.run('promote', 'shop', '--wait');
  await sleep(quietMs, undefined, { signal });
  tell(screen, visitors);
}

async function mishap({ teal, screen, home, signal }: Stage, visitors: Visitors): Promise<void> {
  screen.part('3  v3 passes its tests as well, meets a tenth of the people, and fails');
  await home.inPhases();
  await teal.run('apply');
  await teal.fails('deploy', 'shop', 'v3', '--from', 'builds/v3', '--wait');
  screen.seen('nobody was asked: the judge compared both versions and took everyone back');
  await sleep(quietMs, undefined, { signal });
  tell(screen, visitors);
}

async function repair(stage: Stage, visitors: Visitors): Promise<void> {
  const { teal, screen, signal } = stage;
  screen.part('4  v4 is repaired, and goes to everyone at once');
  await teal.run('deploy', 'shop', 'v4', '--from', 'builds/v4');
  await exposed(stage);
  await teal.run('promote', 'shop', '--full', '--wait');
  await sleep(quietMs, undefined, { signal });
  tell(screen, visitors);
}

/** Until the first people are on the candidate: everything before it has passed. */
async function exposed({ teal, signal }: Stage): Promise<void> {
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline;) {
    const { release } = await teal.ask<AppStatus>('status', 'shop');
    if (release !== null && release.exposed.length > 0) return;
    await sleep(100, undefined, { signal });
  }
  throw new Error('v4 does not meet anybody');
}

async function versionAt(base: string, signal: AbortSignal): Promise<string> {
  const url = new URL('version', base.endsWith('/') ? base : `${base}/`);
  return await (await fetch(url, { signal })).text();
}

function tell(screen: Screen, { live, tally }: Visitors): void {
  const versions = Object.entries(tally.versions).map(([version, answers]) => `${version} ${count(answers)}`);
  const errors = Object.entries(tally.errors).map(([version, many]) => `, ${version}: ${count(many)} errors`);
  const { answered, failed } = live;
  screen.seen(`${count(answered)} answered (${versions.join(' ')}), ${count(failed)} lost${errors.join('')}`);
}

/** Gives the worker of the live environment the time to work off what is queued. */
async function settled({ home, signal }: Stage): Promise<Facts['jobs']> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const jobs = jobCounts(home.queue);
    if (jobs.queued === 0 || Date.now() > deadline) return jobs;
    await sleep(50, undefined, { signal });
  }
}
