import type { Asked, MakeInvariant } from '../invariant.ts';

/** As long as an instance that is well may be missing in the table while nothing is wrong. */
const lagMs = 12_000;

/** 1: no request is lost by what Teal does. What a fault has killed is not Teal's doing. */
export const noRequestLost: MakeInvariant = (world) => {
  /** By app: since when its requests find nobody although an instance is well. */
  const nobodySince = new Map<string, number>();

  const isWell = (app: string): boolean => {
    const { live } = world.state(app);
    return world.machine.alive.some(({ workload, healthy, leaving }) => {
      const { colour, role } = workload;
      return workload.app === app && colour === live && role === 'web' && healthy && !leaving;
    });
  };

  const unanswered = ({ app, decision, worker, instance }: Asked): void => {
    if (decision.kind === 'forward') {
      if (instance?.alive === false && instance.everHealthy && !instance.killed)
        world.broken(1, `worker ${worker.number} sends a request to ${instance.id}, which Teal has stopped`);
      return;
    }
    if (decision.kind === 'refuse' && decision.rule !== 'maintenance' && world.served.has(app))
      world.broken(1, `a request to ${app} is refused: ${decision.refusal.says}`);
  };

  return {
    asked: unanswered,
    stopping(instance) {
      // What was never healthy was given nothing on purpose: only live, with no other, has such a one in its table.
      if (!instance.everHealthy) return;
      for (const { number, table } of world.router.workers) {
        const lists = table?.apps.some(({ environments: { blue, green } }) =>
          [blue, green].some((each) => each?.endpoints.some(({ id }) => id === instance.id)),
        );
        if (lists === true)
          world.broken(1, `${instance.id} is stopped, and in the table of worker ${number}`);
      }
      const open = world.router.requests.of([instance.id]).length;
      if (open > 0) world.broken(1, `${instance.id} is stopped with ${open} requests in flight`);
    },
    after() {
      for (const app of world.served) {
        const empty = world.router.workers.some(({ table }) => {
          const found = table?.apps.find((each) => each.app === app);
          return found?.live != null && found.environments[found.live]?.endpoints.length === 0;
        });
        if (!empty || !world.calm || !isWell(app)) nobodySince.delete(app);
        else if (!nobodySince.has(app)) nobodySince.set(app, world.time.now);
        else if (world.time.now - (nobodySince.get(app) ?? 0) > lagMs)
          world.broken(1, `requests to ${app} find nobody, although an instance is well`);
      }
    },
  };
};
