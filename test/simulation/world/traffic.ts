import { sentTo } from './people.ts';
import type { Instance } from './instances.ts';
import type { World } from './world.ts';

/** Requests of people, one after the other, through any worker. */
export function traffic(world: World): void {
  const { time, random } = world;
  const turn = (): void => {
    ask(world);
    time.aside(random.spread(20, 800), turn);
  };
  time.aside(0, turn);
}

/** Chosen and counted as in flight at once. */
function ask(world: World): void {
  const { random, router, machine, people, time } = world;
  const { name: app } = random.pick(world.apps);
  const worker = random.pick(router.workers);
  const person = random.pick(people);
  if (!router.up || worker.compiled === null) return;
  const decision = sentTo(worker.compiled, app, person, time.wall);
  let instance: Instance | null = null;
  if (decision.kind === 'forward') {
    const endpoints = decision.environment.roles.get(decision.role)?.endpoints ?? [];
    const id = endpoints.length === 0 ? null : random.pick(endpoints).id;
    instance = id === null ? null : (machine.instances.get(id) ?? null);
  }
  if (instance !== null && instance.alive) {
    const request = { app, endpoint: instance.id, worker: worker.number, over: false };
    router.requests.begin(request);
    time.after(random.spread(5, 8000), () => router.requests.end(request));
  }
  world.tell((each) => each.asked?.({ app, person, worker, decision, instance }));
}
