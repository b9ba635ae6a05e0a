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

  return {
    committed({ number, table }) {
      for (const { app, audience } of table?.apps ?? []) {
        if (audience?.release?.expired === true) continue;
        const key = `${number}/${app}`;
        const was = known.get(key) ?? null;
        const is = exposing(table, app);
        if (is === null) known.delete(key);
        else known.set(key, is);
        const release = was?.release?.id;
        if (was === null || release === undefined) continue;
        const same = is?.release?.id === release;
        if (!same && !goesOn(app, release)) continue;
        const left = new Set(same && is !== null ? chosen(is, world.people) : []);
        const flipped = chosen(was, world.people).find((person) => !left.has(person));
        if (flipped === undefined) continue;
        const whom = `${flipped.name} off the candidate of ${release}`;
        world.broken(8, `worker ${number} takes ${whom}, which goes on`);
      }
    },
  };
};
