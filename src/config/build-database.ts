import { resolve } from 'node:path';
import type { EnvironmentValue } from './environment-value.ts';
import { phases, type DatabasePolicy, type ProofPolicy } from './database.ts';
import type { DatabaseInput } from './schema-database.ts';

/** @param base the folder of teal.yaml */
export function buildDatabase(input: DatabaseInput, base: string): DatabasePolicy {
  const { url, migrations, run, roles, contract, undo, rollback, proof } = input;
  const commands = phases.flatMap((phase) => {
    const command = run[phase];
    return command === undefined ? [] : [[phase, command] as const];
  });
  return {
    url: url === undefined ? null : absolute(url, base),
    migrations: migrations ?? null,
    run: Object.fromEntries(commands),
    roles: roles ?? null,
    contract,
    undo,
    rollback,
    lockTimeoutMs: input['lock-timeout'],
    lockDeadlineMs: input['lock-deadline'],
    batchMs: input.batch,
    pauseAt: { errorPercent: input['pause-at'].errors, p99Ms: input['pause-at'].p99 },
    proof: proof === null ? null : buildProof(proof, base),
  };
}

const buildProof = (proof: NonNullable<DatabaseInput['proof']>, base: string): ProofPolicy => ({
  shadow: typeof proof.shadow === 'string' ? proof.shadow : absolute(proof.shadow, base),
  corpus: proof.corpus,
  minCoverage: proof['min-coverage'],
  failOn: proof['fail-on'],
});

const absolute = (value: EnvironmentValue, base: string): EnvironmentValue =>
  value.kind === 'secret' && value.source === 'file' ? { ...value, name: resolve(base, value.name) } : value;
