import type { AudienceTable } from '../../../src/audience/table.ts';
import type { RoutingTable } from '../../../src/router/table.ts';
import type { MakeInvariant } from '../invariant.ts';
import { chosen } from '../world/people.ts';

/** 8: people never flip back and forth: from table to table a release only adds people, until it goes live or back. */
export const nobodyFlips: MakeInvariant = (world) => {
  /** By worker and app: what it exposed last. Out of force for now it is nobody's to change. */
  const known = new Map<string, AudienceTable>();

  const exposing = (table: RoutingTable | null, app: string): AudienceTable | null => {
    const audience = table?.apps.find((each) => each.app === app)?.audience ?? null;
    return audience?.release == null ? null : audience;
  };

  /** Whether it still has people by what is decided. */
  const goesOn = (app: string, release: string): boolean => {
    const { release: now, environments } = world.state(app);
    if (now === null || (now.group?.id ?? now.id) !== release) return false;
    return now.exposed.length > 0 && environments[now.colour]?.phase === 'running';
  };

  /** Somebody whom the first had chosen and the second has not; undefined: nobody. */
  const flipped = (was: AudienceTable, is: AudienceTable | null): string | undefined => {
    const left = new Set(is === null ? [] : chosen(is, world.people));
    return chosen(was, world.people).find((person) => !left.has(person))?.name;
  };

  const compare = (worker: number, was: AudienceTable | null, is: AudienceTable | null): void => {
    const release = was?.release?.id;
    if (was === null || release === undefined) return;
    const same = is?.release?.id === release;
    if (!same && !goesOn(was.app, release)) return;
    const name = flipped(was, same ? is : null);
    if (name !== undefined)
      world.broken(8, `worker ${worker} takes ${name} off the candidate of ${release}, which goes on`);
  };

  return {
    committed({ number, table }) {
      for (const { app, audience } of table?.apps ?? []) {
        if (audience?.release?.expired === true) continue;
        const key = `${number}/${app}`;
        const is = exposing(table, app);
        compare(number, known.get(key) ?? null, is);
        if (is === null) known.delete(key);
        else known.set(key, is);
      }
    },
  };
};
