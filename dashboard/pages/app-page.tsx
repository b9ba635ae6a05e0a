import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { BoardView, TrafficPoint, TrafficView } from '../../src/control/contract.ts';
import type { AppPage } from '../../src/control/dashboard/page.ts';
import { again } from '../live/again.ts';
import { look } from '../live/ask.ts';
import { follow } from '../live/stream.ts';
import { Actions } from '../parts/actions.tsx';
import { AppHead } from '../parts/app-head.tsx';
import { Charts } from '../parts/charts.tsx';
import { Database } from '../parts/database.tsx';
import { Flow } from '../parts/flow.tsx';
import { Frame } from '../parts/frame.tsx';
import { Judge } from '../parts/judge.tsx';
import { Ladder } from '../parts/ladder.tsx';
import { Parity } from '../parts/parity.tsx';
import { Playground } from '../parts/playground.tsx';
import { Who } from '../parts/who.tsx';

/** Evidence comes with the judge's ticks, of which no event tells. */
const boardMs = 4000;
/** As often as the control plane looks at its router. */
const trafficMs = 2000;
/** As long as the control plane keeps them. */
const keptMs = 15 * 60_000;

/** One app: the way of its release, both environments side by side, and who is where. */
export function AppPageView({ page }: { readonly page: AppPage }) {
  const board = useSignal<BoardView>(page.board);
  const points = useSignal<readonly TrafficPoint[]>(page.traffic.points);
  const { app } = page.board.status;
  const path = `/v1/apps/${encodeURIComponent(app)}`;
  const refresh = async (): Promise<void> => {
    const found = await look<BoardView>(`${path}/board`);
    if (found !== null) board.value = found;
  };
  useEffect(() => {
    const looking = again(refresh, boardMs);
    const measuring = again(async () => {
      const after = points.peek().at(-1)?.at ?? 0;
      const found = await look<TrafficView>(`${path}/traffic?after=${after}`);
      if (found !== null) points.value = joined(points.peek(), found);
    }, trafficMs);
    const end = follow(app, looking.soon);
    return () => {
      end();
      looking.end();
      measuring.end();
    };
  }, [app]);
  const { status, rungs, who, evidence } = board.value;
  const database = <Database board={board.value} csrf={page.session.csrf} done={refresh} />;
  // What is over makes room for what is not.
  const isOver = status.migration?.stage === 'contracted' || status.migration?.stage === 'undone';
  return (
    <Frame session={page.session} app={app} here="app">
      <AppHead board={board.value} />
      <Actions board={board.value} csrf={page.session.csrf} done={refresh} />
      <div class="board">
        <section class="panel ladder-panel" aria-labelledby="way">
          <h2 id="way">
            {status.release === null ? 'No release yet' : `Release of ${status.release.version}`}
          </h2>
          <Ladder rungs={rungs} release={status.release} />
          <Parity release={status.release} />
        </section>
        <div class="middle">
          {isOver ? null : database}
          <Flow who={who} status={status} points={points.value} />
          <Charts points={points.value} status={status} />
          <Judge evidence={evidence} release={status.release} />
          {isOver ? database : null}
        </div>
        <section class="panel who-panel" aria-labelledby="who">
          <h2 id="who">Who is where</h2>
          <Who who={who} status={status} />
          <Playground app={app} csrf={page.session.csrf} />
        </section>
      </div>
    </Frame>
  );
}

function joined(before: readonly TrafficPoint[], { at: now, points }: TrafficView): readonly TrafficPoint[] {
  return points.length === 0 ? before : [...before, ...points].filter(({ at }) => now - at < keptMs);
}
