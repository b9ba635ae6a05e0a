import type { Colour } from '../../../src/release/state.ts';
import type { AppTable, RoutingTable } from '../../../src/router/table.ts';
import type { MakeInvariant } from '../invariant.ts';

/** 2: one snapshot, one swap: numbers only rise, and nothing drains before every worker has acknowledged. */
export const acknowledgedBeforeDrain: MakeInvariant = (world) => {
  const sent = new Map<number, RoutingTable>();

  const everywhere = (generation: number, holds: (table: RoutingTable) => boolean): string | null => {
    for (const { number, table } of world.router.workers)
      if (table === null || table.generation < generation || !holds(table))
        return `worker ${number} has table ${table?.generation ?? 'none'}`;
    return null;
  };

  return {
    applying(table) {
      const known = sent.get(table.generation) ?? table;
      sent.set(table.generation, table);
      if (known !== table && JSON.stringify(known) !== JSON.stringify(table))
        world.broken(2, `two tables have the number ${table.generation}`);
    },
    committed({ number, table }, before) {
      if (table === before || before === null) return;
      // The same number: what is exposed goes out of force, and back.
      if (table === null || table.generation < before.generation)
        world.broken(2, `worker ${number} goes from table ${before.generation} to ${table?.generation}`);
    },
    draining({ app, endpoints }) {
      for (const { number, table } of world.router.workers) {
        const found = table?.apps.find((each) => each.app === app);
        const given = found === undefined ? [] : givenTo(found);
        const still = endpoints.find((id) => given.includes(id));
        if (still !== undefined)
          world.broken(2, `${still} is drained while worker ${number} still sends requests there`);
      }
    },
    appended({ stream, type, data }, { live }) {
      if (type === 'drained' && (data as { colour: Colour }).colour === live)
        world.broken(2, `${live} of ${stream} counts as drained, and is live`);
      if (type !== 'switched' && type !== 'exposed') return;
      const { generation, live: wanted } = data as { generation: number; live?: string };
      const late = everywhere(generation, (table) => {
        const found = table.apps.find(({ app }) => app === stream);
        return wanted === undefined || found === undefined || found.live === wanted;
      });
      if (late !== null) world.broken(2, `${stream} is ${type} by table ${generation}, but ${late}`);
    },
  };
};

/** Instances that people are sent to. */
function givenTo({ live, audience, environments }: AppTable): readonly string[] {
  const candidate = audience?.release?.candidate ?? null;
  return [live, candidate].flatMap((colour) =>
    colour === null ? [] : (environments[colour]?.endpoints.map(({ id }) => id) ?? []),
  );
}
