import { isDeepStrictEqual } from 'node:util';
import type { Phase } from '../../config/database.ts';
import { databaseStatus } from '../../database/run/status.ts';
import { stopIf } from '../../database/run/wait.ts';
import { TealError } from '../../errors.ts';
import type { ProofSummary } from '../../release/state.ts';
import { teal } from '../apps.ts';
import { hasRoles, notToldApart, waitForSessions, watchAlone } from './gates.ts';
import { proofOf, type Before, type Claim } from './prove.ts';
import { off } from './summary.ts';
import type { Work } from './work.ts';

/** What contract waits for before it takes its turn, however long that is. @throws as `waitForSessions` and `watchAlone` */
export async function prepare(work: Work, claim: Pick<Claim, 'url' | 'migration'>): Promise<void> {
  if (work.effect.phase !== 'contract') return;
  // Also when it goes on: the old version may have come back in between.
  await waitForSessions(work, claim.url);
  if (!(await hasBegun(claim, 'contract'))) await watchAlone(work);
}

/**
 * The proof before the first step of expand and contract. Asked by whoever has the turn: nobody else changes what it is about, and who has
 * to wait for a turn has proven nothing in vain. A phase that has begun has passed it, and the schema is no longer the one it is about.
 * @throws TealError `migration-unproven`; else as `proofOf`
 */
export async function mayBegin(work: Work, claim: Omit<Claim, 'before'>): Promise<void> {
  const { phase, policy } = work.effect;
  if (phase !== 'expand' && phase !== 'contract') return;
  if (await hasBegun(claim, phase)) return;
  const found = await proofOf(work, { ...claim, before: phase });
  const apart = phase === 'expand' || hasRoles(policy);
  const proof = hidden(apart ? found : { ...found, says: `${found.says}. ${notToldApart}` }, work.hide);
  stopIf(work.signal);
  await proved(work, phase, proof);
  const refused = policy.proof === null ? null : unproven(work, phase, proof);
  if (refused !== null) throw refused;
}

/** Nothing is tried where only commands know the database. */
export async function unprepared(work: Work): Promise<void> {
  const { phase } = work.effect;
  if (phase !== 'expand' && phase !== 'contract') return;
  await proved(work, phase, { ...off, says: 'nothing was tried: only commands know this database' });
}

/** Whether the database knows of one of these phases, of what was not undone since. */
export async function hasBegun(
  { url, migration }: Pick<Claim, 'url' | 'migration'>,
  ...wanted: readonly Phase[]
): Promise<boolean> {
  const { migrations } = await databaseStatus(url);
  const phases = migrations.find((each) => each.migration === migration.name)?.phases ?? [];
  const state = (of: Phase): string => phases.find(({ phase }) => phase === of)?.state ?? 'not begun';
  // What was undone begins anew.
  if (state('undo') === 'done') return false;
  return wanted.some((phase) => state(phase) !== 'not begun');
}

/** The same again is no news: a phase that waits for something is tried again and again. */
async function proved({ deps, app, effect }: Work, before: Before, proof: ProofSummary): Promise<void> {
  const { name: migration, round } = effect.migration;
  if (isDeepStrictEqual(deps.apps.state(app).migration?.proofs[before], proof)) return;
  await deps.apps.submit(app, { type: 'migration-proved', migration, round, before, proof }, teal);
}

function hidden(proof: ProofSummary, hide: (text: string) => string): ProofSummary {
  const { says, findings, notes, unsafe } = proof;
  return {
    ...proof,
    says: hide(says),
    findings: findings.map(hide),
    ...(notes === undefined ? {} : { notes: notes.map(hide) }),
    unsafe: unsafe === null ? null : hide(unsafe),
  };
}

/** Expand only adds, so it goes on where nothing is known; contract takes away what nobody brings back. */
function unproven({ app, effect }: Work, before: Before, proof: ProofSummary): TealError | null {
  const { outcome, says, findings } = proof;
  if (outcome !== 'red' && (outcome !== 'unknown' || before === 'expand')) return null;
  const { migration, policy } = effect;
  const then = before === 'contract' ? `teal db contract ${app}` : 'deploy it again';
  const folder = `${policy.migrations ?? '…'}/${migration.name}`;
  const remedy =
    outcome === 'red'
      ? `Which statements, and why: teal db prove ${folder} --url env:…. If that may be: database.proof (fail-on, min-coverage, or off) in teal.yaml, then ${then}`
      : `Put right what the message names: statements are counted by the server (pg_stat_statements) or come from files (database.proof.corpus). Or say that it need not be known (database.proof: off). Then ${then}`;
  const what =
    outcome === 'red' ? 'does not get along with what runs' : 'is not known to get along with what runs';
  return new TealError('migration-unproven', `${before} of ${migration.name} ${what}: ${says}`, {
    remedy,
    details: { before, findings },
  });
}
