import { setTimeout as sleep } from 'node:timers/promises';
import { count } from '../../src/cli/render/units.ts';
import type { EventView } from '../../src/control/contract.ts';
import type { Screen } from '../demo/screen.ts';
import type { Teal } from '../demo/teal.ts';
import { letIn, type Visit } from './crowd.ts';
import type { Home } from './home.ts';
import { makePeople, type Person } from './people.ts';

/** For everyone to have come at least once. */
const quietMs = 2500;

export interface Stage {
  readonly teal: Teal;
  readonly screen: Screen;
  readonly home: Home;
  readonly signal: AbortSignal;
}

export interface Facts {
  readonly people: readonly Person[];
  readonly visits: readonly Visit[];
  /** All that Teal has written down, oldest first. */
  readonly history: readonly EventView[];
}

/** Plays the story from `teal up` to everyone on the new version; everything but Teal itself has ended when it resolves or rejects. */
export async function play({ teal, screen, home, signal }: Stage): Promise<Facts> {
  screen.part('1  v1 goes live, and the shop opens');
  const url = await teal.up();
  await teal.run('deploy', 'shop', 'v1', '--from', 'builds/v1', '--until', 'ready');
  await teal.run('approve', 'shop', '--wait');
  const people = makePeople(home.provider);
  const crowd = letIn(url, people);
  try {
    screen.seen(
      `${people.length} people, each with a connection and cookies of their own, come again and again`,
    );
    await sleep(quietMs, undefined, { signal });
    tell(screen, crowd.visits);
    screen.part('2  v2 for those who work here, in the office, in Austria, then for 5 %');
    await teal.run('deploy', 'shop', 'v2', '--from', 'builds/v2', '--until', 'ready');
    tell(screen, crowd.visits);
    screen.part('3  Who goes where, and why');
    await teal.run('explain', 'shop', '--user', 'user1@example.com', '--ip', '203.0.113.70');
    screen.part('4  Signed off: half of the people, then everyone');
    await teal.run('approve', 'shop', '--reason', 'looks good', '--wait');
    await sleep(quietMs, undefined, { signal });
    const visits = await crowd.stop();
    tell(screen, visits);
    return { people, visits, history: await teal.history() };
  } finally {
    await crowd.stop();
  }
}

/** Where everyone was when they came last. */
function tell(screen: Screen, visits: readonly Visit[]): void {
  const last = new Map(visits.map(({ person, version }) => [person, version]));
  const on = (version: string): number => [...last.values()].filter((each) => each === version).length;
  screen.seen(`${count(visits.length)} requests; ${on('v1')} people on v1, ${on('v2')} on v2`);
}
