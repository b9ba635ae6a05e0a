import type { Mutation } from './mutation.ts';

/** Those of several control planes on one event log. */
export const leading: readonly Mutation[] = [
  {
    id: 'L4',
    says: 'whoever led once may write for ever',
    file: 'src/store/postgres/session.ts',
    find: 'if (now !== term) throw deposed(where, term, now);',
    replace: 'if (now < term) throw deposed(where, term, now);',
    fails: /what the old leader was asked|the old leader has written/,
  },
  {
    id: 'L4',
    says: 'a lease that has run out is left to who had it',
    file: 'src/store/postgres/sql.ts',
    find: '(until <= clock_timestamp() OR holder = $2)',
    replace: "(until <= clock_timestamp() - interval '20 seconds' OR holder = $2)",
    fails: /never happened: another leader|the take-over after SIGKILL took/,
  },
];
