import type { Relation } from './catalog.ts';
import type { Change, Hazard, Known } from './hazard.ts';

/** What changes of functions, triggers, views, sequences, rights, row security and partitions do to statements. */
export function objectHazards(change: Change): readonly Hazard[] {
  return [
    ...functionHazards(change),
    ...triggerHazards(change),
    ...viewHazards(change),
    ...namedHazards(change),
    ...rowSecurityHazards(change),
    ...partitionHazards(change),
  ];
}

const usesRelation =
  (id: number) =>
  ({ uses }: Known): boolean =>
    uses.relations.has(id) || uses.writes.some(({ table }) => table === id);

function functionHazards({ before, after }: Change): readonly Hazard[] {
  return [...before.functions.values()].flatMap((was): readonly Hazard[] => {
    const now = after.functions.get(was.id);
    if (now === undefined || now.body === was.body) return [];
    const calledBy = new Set(
      [...before.triggers.values()].filter((each) => each.function === was.id).map(({ table }) => table),
    );
    return [
      {
        verdict: 'client-visible',
        what: `${was.name} has another body`,
        check: null,
        touches: ({ uses }) =>
          uses.functions.has(was.id) || uses.writes.some(({ table }) => calledBy.has(table)),
      },
    ];
  });
}

/** Triggers that keep two sides equal, as `teal db new` writes them: what they do to old statements is what they are for. */
const ownTrigger = /^teal_/;

function triggerHazards({ before, after }: Change): readonly Hazard[] {
  return [...after.triggers.values()].flatMap((trigger): readonly Hazard[] => {
    const was = before.triggers.get(trigger.id);
    const news = was === undefined ? trigger.enabled : !was.enabled && trigger.enabled;
    if (!news || !before.relations.has(trigger.table) || ownTrigger.test(trigger.name)) return [];
    const table = after.relations.get(trigger.table)?.name ?? '?';
    const touches: Hazard['touches'] = ({ uses }) =>
      uses.writes.some((write) => write.table === trigger.table && trigger.events.includes(write.verb));
    if (/\braise\s+(?:exception|'|")/i.test(trigger.body))
      return [
        {
          verdict: 'risk',
          what: `the new trigger ${trigger.name} on ${table} may refuse rows`,
          check: null,
          touches,
        },
      ];
    const columns = [...before.columns.values()].filter((column) => column.table === trigger.table);
    const assigned = [...trigger.body.matchAll(/\bnew\s*\.\s*"?(\w+)"?\s*:?=(?!=)/gi)].map(
      (match) => match[1],
    );
    const changed = columns.filter(({ name }) => assigned.includes(name)).map(({ name }) => name);
    const skips = trigger.before && /\breturn\s+null\b/i.test(trigger.body);
    if (changed.length === 0 && !skips) return [];
    const does = skips ? 'may leave rows out' : `changes ${changed.join(', ')}`;
    return [
      {
        verdict: 'client-visible',
        what: `the new trigger ${trigger.name} on ${table} ${does}`,
        check: null,
        touches,
      },
    ];
  });
}

function viewHazards({ before, after }: Change): readonly Hazard[] {
  return [...before.views].flatMap(([view, { version }]): readonly Hazard[] => {
    const now = after.views.get(view);
    if (now === undefined || now.version === version) return [];
    return [
      {
        verdict: 'client-visible',
        what: `the view ${before.relations.get(view)?.name ?? '?'} is defined anew`,
        check: null,
        touches: usesRelation(view),
      },
    ];
  });
}

const sequenceCalls = /\b(?:nextval|currval|setval)\s*\(/i;
/** regclass and its like, which constants name things by. */
const namingTypes: ReadonlySet<number> = new Set([2205, 24, 2202, 2206, 4089]);

/** Names in constants are lost with the constants: who calls nextval of some sequence may mean the one that is gone. */
function namedHazards({ before, after }: Change): readonly Hazard[] {
  return [...before.relations.values()].flatMap((was): readonly Hazard[] => {
    const now = after.relations.get(was.id);
    if (now?.name === was.name) return [];
    const gone = now === undefined ? 'is gone' : `is called ${now.name} now`;
    const names = ({ prepared }: Known): boolean =>
      prepared.before.parameters.some((type) => namingTypes.has(type));
    if (was.kind === 'S')
      return [
        {
          verdict: 'broken',
          what: `the sequence ${was.name} ${gone}, and whoever asks for one by a value may mean it`,
          check: null,
          touches: (known) => names(known) && sequenceCalls.test(known.prepared.sent.text),
        },
      ];
    return [
      {
        verdict: 'risk',
        what: `${was.name} ${gone}, and whoever names a table by a value may mean it`,
        check: null,
        touches: (known) => names(known) && !sequenceCalls.test(known.prepared.sent.text),
      },
    ];
  });
}

function rowSecurityHazards({ before, after }: Change): readonly Hazard[] {
  const policies = ({ policies: all }: Change['before'], table: number): string =>
    [...all.values()]
      .filter((each) => each.table === table)
      .map(({ id, definition }) => `${id} ${definition}`)
      .toSorted()
      .join();
  return [...before.relations.values()].flatMap((was): readonly Hazard[] => {
    const now = after.relations.get(was.id);
    if (now === undefined || !now.rowSecurity) return [];
    if (was.rowSecurity && policies(before, was.id) === policies(after, was.id)) return [];
    return [
      {
        verdict: 'client-visible',
        what: `row security of ${was.name} has changed: rows may no longer be seen`,
        check: null,
        touches: usesRelation(was.id),
      },
    ];
  });
}

function partitionHazards({ before, after }: Change): readonly Hazard[] {
  return [...before.relations.values()].flatMap((was): readonly Hazard[] => {
    if (was.parent === null || after.relations.get(was.id)?.parent === was.parent) return [];
    const parent: Relation | undefined = after.relations.get(was.parent);
    if (parent === undefined) return [];
    return [
      {
        verdict: parent.hasDefaultPartition ? 'client-visible' : 'broken',
        what: `${was.name} is no longer a partition of ${parent.name}: rows of its range ${parent.hasDefaultPartition ? 'go elsewhere' : 'are refused'}`,
        check: null,
        touches: ({ uses }) =>
          uses.writes.some(({ verb, table }) => verb === 'insert' && table === parent.id),
      },
      {
        verdict: 'client-visible',
        what: `rows of ${was.name} are no longer found in ${parent.name}`,
        check: null,
        touches: usesRelation(parent.id),
      },
    ];
  });
}

/** Rights that somebody had and has no more, for statements of roles that could not be taken. */
export function rightsHazards({ before, after }: Change): readonly Hazard[] {
  return [...before.relations.values()].flatMap((was): readonly Hazard[] => {
    const now = after.relations.get(was.id);
    const lost = was.rights.filter((right) => now !== undefined && !now.rights.includes(right));
    if (lost.length === 0) return [];
    const what = [...new Set(lost.map((right) => right.split(' ')[1] ?? ''))].join(', ');
    return [
      {
        verdict: 'risk',
        what: `${what} on ${was.name} is taken from a role`,
        check: null,
        touches: usesRelation(was.id),
      },
    ];
  });
}
