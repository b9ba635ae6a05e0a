import { audienceTable } from '../../../src/control/table.ts';
import type { MakeInvariant } from '../invariant.ts';
import { chosen } from '../world/people.ts';

/** 4: nobody gets in who does not belong: a version that is not live meets those whom its release has chosen, and nobody else. */
export const nobodyUnchosen: MakeInvariant = (world) => {
  /** By app: versions that everyone may meet. */
  const open = new Map<string, Set<string>>();
  /** By app and version: who may meet it before. */
  const invited = new Map<string, Set<string>>();
  const openOf = (app: string): Set<string> => {
    const known = open.get(app) ?? new Set();
    open.set(app, known);
    return known;
  };

  return {
    appended({ stream, type }, _, state) {
      const { release, config } = state;
      if (release === null || config === null) return;
      const { version } = release.build;
      if (type === 'release-started') openOf(stream).delete(version);
      if (type === 'switch-started') openOf(stream).add(version);
      if (type !== 'expose-started') return;
      const table = audienceTable(state, config);
      const guests = invited.get(`${stream}/${version}`) ?? new Set();
      invited.set(`${stream}/${version}`, guests);
      if (table !== null) for (const { name } of chosen(table, world.people)) guests.add(name);
    },
    asked({ app, person, worker, decision }) {
      if (decision.kind !== 'forward') return;
      const { version } = decision.environment;
      if (openOf(app).has(version) || invited.get(`${app}/${version}`)?.has(person.name)) return;
      world.broken(
        4,
        `worker ${worker.number} sends ${person.name} to ${version} of ${app}, by the rule ${decision.rule}, and no release has chosen them`,
      );
    },
  };
};
