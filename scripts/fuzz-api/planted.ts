/** Faults of the kinds that this search has to find, planted into the program that is searched. */
import { GrantBook } from '../../src/control/access/grant-book.ts';
import { SqliteEvidence } from '../../src/store/sqlite-evidence.ts';
import { SqliteRequests } from '../../src/store/sqlite-requests.ts';
import { SqliteStore } from '../../src/store/sqlite.ts';

export interface Fault {
  readonly name: string;
  /** What a finding of it says. */
  readonly shows: RegExp;
  readonly plant: () => void;
}

type Find = GrantBook['find'];
type Recent = SqliteStore['recent'];

/** Does something else for those who ask for so many events. */
function whenAskedFor(limit: number, instead: () => Promise<never>): void {
  const before = Object.getOwnPropertyDescriptor(SqliteStore.prototype, 'recent')?.value as Recent;
  SqliteStore.prototype.recent = async function (this: SqliteStore, options): ReturnType<Recent> {
    return options.limit === limit ? await instead() : await before.call(this, options);
  };
}

/** Changes what is said, where it is turned into text. */
function sayingOtherwise(change: (value: Record<string, unknown>) => unknown): void {
  const before = JSON.stringify;
  JSON.stringify = ((value: unknown, ...more: []) => {
    const object = typeof value === 'object' && value !== null && !Array.isArray(value);
    return before(object ? change(value as Record<string, unknown>) : value, ...more);
  }) as typeof JSON.stringify;
}

export const faults: readonly Fault[] = [
  {
    name: 'a route throws what nobody foresaw',
    shows: /^500/,
    plant: () => {
      SqliteEvidence.prototype.releases = async () => {
        throw new TypeError('planted');
      };
    },
  },
  {
    name: 'an answer lacks a key that the document promises',
    shows: /urls/,
    plant: () =>
      sayingOtherwise((value) => {
        const { urls: _, ...rest } = value;
        return Object.hasOwn(value, 'environments') ? rest : value;
      }),
  },
  {
    name: 'a refusal does not say what to do',
    shows: /remedy/,
    plant: () =>
      sayingOtherwise(({ remedy, ...rest }) =>
        rest['code'] === 'method-not-allowed' ? rest : remedy === undefined ? rest : { ...rest, remedy },
      ),
  },
  {
    name: 'a request that is sent again is done again',
    shows: /sent again/,
    plant: () => {
      SqliteRequests.prototype.claim = async () => null;
    },
  },
  {
    name: 'who may only look may do everything',
    shows: /for who may only look/,
    plant: () => {
      const before = Object.getOwnPropertyDescriptor(GrantBook.prototype, 'find')?.value as Find;
      GrantBook.prototype.find = async function (this: GrantBook, secret): ReturnType<Find> {
        const grant = await before.call(this, secret);
        return grant === null ? null : { ...grant, role: 'admin' };
      };
    },
  },
  {
    name: 'a request is never answered',
    shows: /no answer/,
    plant: () => whenAskedFor(50, () => new Promise(() => undefined)),
  },
  {
    name: 'a request ends the process',
    shows: /the control plane ended/,
    plant: () =>
      whenAskedFor(1000, () => {
        setImmediate(() => {
          throw new Error('planted');
        });
        return new Promise(() => undefined);
      }),
  },
];

export function plant(name: string): void {
  const fault = faults.find((each) => each.name === name);
  if (fault === undefined) throw new Error(`there is no fault called ${name}`);
  fault.plant();
}
