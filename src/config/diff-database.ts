import type { App } from './config.ts';
import type { EnvironmentValue } from './environment-value.ts';
import type { ProofPolicy } from './database.ts';
import { formatDuration } from './units.ts';

/** What releases do with the database, for a comparison, by its path. */
export function databaseKeys({ database }: App): readonly [string, string][] {
  if (database === undefined || database === null) return [];
  const { url, migrations, run, roles, pauseAt, proof } = database;
  const { errorPercent, p99Ms } = pauseAt;
  const commands = Object.entries(run).map(([phase, command]) => [`run.${phase}`, command] as const);
  const keys: readonly (readonly [string, string])[] = [
    ['url', url === null ? 'none' : told(url)],
    ['migrations', migrations ?? 'none'],
    ...commands,
    ['contract', database.contract],
    ['undo', database.undo],
    ['rollback', database.rollback],
    ['roles', roles === null ? 'none' : `blue ${roles.blue}, green ${roles.green}`],
    ['lock-timeout', formatDuration(database.lockTimeoutMs)],
    ['lock-deadline', formatDuration(database.lockDeadlineMs)],
    ['batch', formatDuration(database.batchMs)],
    ['pause-at.errors', errorPercent === null ? 'none' : `${errorPercent} %`],
    ['pause-at.p99', p99Ms === null ? 'none' : formatDuration(p99Ms)],
    ['proof', proof === null ? 'off' : 'on'],
    ...(proof === null ? [] : proofKeys(proof)),
  ];
  return keys.map(([key, value]) => [`database.${key}`, value]);
}

const proofKeys = ({ shadow, corpus, minCoverage, failOn }: ProofPolicy): readonly [string, string][] => [
  ['proof.shadow', typeof shadow === 'string' ? shadow : told(shadow)],
  ['proof.corpus', `[${corpus.join(', ')}]`],
  ['proof.min-coverage', `${minCoverage} %`],
  ['proof.fail-on', failOn],
];

/** An address that is written down holds no password: it was refused otherwise. */
const told = (value: EnvironmentValue): string =>
  value.kind === 'secret' ? `secret ${value.source}:${value.name}` : value.value;
