import type { AppTable, RoutingTable } from '../../../src/router/table.ts';
import type { MakeInvariant } from '../invariant.ts';
import { exposureMs } from '../world/router.ts';

/** For the turns in which silence is counted, and for a router that starts again. */
const slackMs = 5000;

/** 7: the data plane outlives the control plane: its table goes on serving, and one that comes back takes nothing away. */
export const trafficOutlivesControl: MakeInvariant = (world) => {
  const isWell = (id: string): boolean => {
    const instance = world.machine.instances.get(id);
    return instance !== undefined && instance.healthy && !instance.leaving;
  };

  return {
    committed({ number, table }, before) {
      if (table === null) {
        if (before !== null) world.broken(7, `worker ${number} has lost its table`);
        return;
      }
      for (const app of table.apps) {
        const lost = liveOf(before, app);
        const left = app.live === null ? [] : (app.environments[app.live]?.endpoints ?? []);
        const well = left.length > 0 ? undefined : lost.find(isWell);
        if (well !== undefined)
          world.broken(7, `worker ${number} is told that nothing of ${app.app} is live, and ${well} is well`);
      }
    },
    after() {
      const { up, heardAt, workers } = world.router;
      if (!up || world.time.now - heardAt < exposureMs + slackMs) return;
      const late = workers.find(({ table }) =>
        table?.apps.some(({ audience }) => audience?.release != null && audience.release.expired !== true),
      );
      if (late !== undefined)
        world.broken(7, `worker ${late.number} still exposes, and no control plane was heard for long`);
    },
    asked({ app, decision }) {
      if (world.control !== null || decision.kind === 'forward' || !world.served.has(app)) return;
      if (decision.kind === 'refuse' && decision.rule === 'maintenance') return;
      world.broken(7, `a request to ${app} is not answered while the control plane is away`);
    },
  };
};

/** Of the version that is live in both. */
function liveOf(before: RoutingTable | null, { app, live, environments }: AppTable): readonly string[] {
  const old = before?.apps.find((each) => each.app === app);
  if (old?.live == null || old.live !== live) return [];
  const was = old.environments[old.live];
  return was?.version === environments[old.live]?.version ? (was?.endpoints.map(({ id }) => id) ?? []) : [];
}
