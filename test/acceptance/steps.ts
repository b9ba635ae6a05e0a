import type { AppStatus } from '../../src/control/contract.ts';
import type { World } from './harness.ts';

/** The release stands at this step (the first is 0), and everybody whom it exposes is, and what it copies. */
export async function reachesStep(world: World, index: number): Promise<AppStatus> {
  const app = await world.reaches(
    `step ${index + 1}`,
    ({ release }) =>
      release?.status === 'stepping' &&
      release.step?.index === index &&
      ((release.step.kind !== 'expose' && release.step.kind !== 'mirror') || release.step.endsAt !== null),
  );
  return app;
}

/** On to the next step, without waiting for the end of this one. */
export async function forward(world: World): Promise<void> {
  await world.client.command('shop', 'promote', {});
}
