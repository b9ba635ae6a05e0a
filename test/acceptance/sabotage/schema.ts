import type { Mutation } from './mutation.ts';

/** One database for two versions. */
export const schema: readonly Mutation[] = [
  {
    id: 'L12',
    says: 'the candidate starts before the rows of before are filled',
    file: 'src/release/migrate.ts',
    find: "return done !== 'backfill' && phases.includes('backfill') ? 'backfilling' : 'ready';",
    replace: "return 'ready';",
    fails: /v2 was at the database before its rows were filled|answers were wrong/,
  },
  {
    id: 'L12',
    says: 'contract does not mind that the old version runs',
    file: 'src/release/migrate.ts',
    find: 'if (migration === null || state.live === null || oldIsThere(state, migration)) return false;',
    replace: 'if (migration === null || state.live === null) return false;',
    // The proof would not let it: then it is begun, and stands in the way of undo.
    fails: /contract while v1 runs|the columns after the way back|requests failed|contract has begun/,
  },
  {
    id: 'L12',
    says: 'undo does not mind that the new version runs',
    file: 'src/release/migrate.ts',
    find: "if (migration === null || !migration.phases.includes('undo') || newIsThere(state, migration)) return false;",
    replace: "if (migration === null || !migration.phases.includes('undo')) return false;",
    fails: /undo while v2 runs/,
  },
  {
    id: 'L12',
    says: 'expand leaves out the trigger that keeps both columns equal',
    file: 'src/database/run/run-transaction.ts',
    find: "if (!lenient) return step.statements.join('\\n;');",
    replace:
      "if (!lenient) return step.statements.filter((each) => !each.includes('CREATE TRIGGER')).join('\\n;');",
    fails: /requests failed|rows differed|cannot be read|writes are lost|never happened: half of the people/,
  },
  {
    id: 'L13',
    says: 'undo drops a column without keeping its values aside',
    file: 'src/database/run/saves.ts',
    find: 'const own = names.filter((name) => !synced.has(name));',
    replace: 'const own: readonly string[] = [];',
    fails: /all that only v2 knows is kept aside|saved_0002_full_name_users|came back|are lost/,
  },
  {
    id: 'L13',
    says: 'the backfill does not bring back what undo has kept aside',
    file: 'src/database/run/run-saved.ts',
    find: 'left = kept?.there === true && (await restore(doing, from));',
    replace: 'left = false;',
    fails: /values that only v2 knows came back|are lost/,
  },
];
