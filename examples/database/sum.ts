import { count } from '../../src/cli/render/units.ts';
import type { Row } from '../demo/screen.ts';
import type { Facts } from './story.ts';

/** The line for machines. */
export interface Line {
  readonly requests: number;
  /** No answer, or none that the app gives. */
  readonly failed: number;
  /** Rows in which `name` and `full_name` differed, at any look while there were both; and how often all of them were compared. */
  readonly divergent: number;
  readonly compared: number;
  /** Writes that were acknowledged, and those of them that the table does not show in the end. */
  readonly writes: number;
  readonly lost: number;
  /** Answers that did not show what had been written. */
  readonly wrong: number;
  /** Rows of v2 that v1 could not read after the rollback. */
  readonly unreadable: number;
  /** Values only v2 knows that an undo has kept, and those of them that did not come back. */
  readonly kept: number;
  readonly notRestored: number;
  /** Answers by version. */
  readonly versions: Readonly<Record<string, number>>;
  /** Phases of the second migration, in the order in which they ended. */
  readonly phases: readonly string[];
  readonly seconds: number;
}

export interface Sum {
  readonly json: Line;
  readonly title: { readonly good: boolean; readonly text: string };
  readonly rows: readonly Row[];
}

const theStory = ['expand', 'backfill', 'undo', 'expand', 'backfill', 'contract'];

/** Counts everything up, and says whether it is as it should be. */
export function sum(facts: Facts, seconds: number): Sum {
  const { tally, account, watched } = facts;
  const json: Line = {
    requests: tally.sent,
    failed: tally.failed,
    divergent: watched.divergent,
    compared: watched.looks,
    writes: account.writes,
    lost: account.lost,
    wrong: account.wrong,
    unreadable: facts.unreadable,
    kept: facts.before,
    notRestored: facts.before - facts.restored,
    versions: tally.versions,
    phases: phasesOf(facts),
    seconds: Math.round(seconds * 10) / 10,
  };
  const wrong = problems(json, facts);
  const good = wrong.length === 0;
  const text = good ? 'A column renamed while both versions wrote it: nothing was lost' : wrong.join('; ');
  return { json, title: { good, text }, rows: rows(json) };
}

/** Of the migration that v2 has brought. */
function phasesOf({ history }: Facts): readonly string[] {
  return history.flatMap(({ type, data }) => {
    const { phase, migration } = data as { readonly phase?: string; readonly migration?: string };
    return type === 'phase-passed' && phase !== undefined && migration !== '0001-users' ? [phase] : [];
  });
}

function problems(line: Line, { tally, account, watched, columns }: Facts): readonly string[] {
  const both = ['v1', 'v2'].filter((version) => (line.versions[version] ?? 0) < 100);
  const checks: readonly (readonly [boolean, string])[] = [
    [line.failed > 0, `${count(line.failed)} requests failed: ${tally.problems[0]}`],
    [line.divergent > 0, `${count(line.divergent)} times a row differed`],
    [line.lost > 0, `${count(line.lost)} writes lost: ${account.examples[0]}`],
    [line.wrong > 0, `${count(line.wrong)} answers were wrong: ${account.examples[0]}`],
    [line.unreadable > 0, `${count(line.unreadable)} rows of v2 could not be read by v1`],
    [line.notRestored > 0, `${count(line.notRestored)} values did not come back after undo`],
    [line.kept === 0 || watched.looks < 10 || both.length > 0, 'Too little has happened to say anything'],
    [line.phases.join() !== theStory.join(), `The phases were: ${line.phases.join(', ')}`],
    [columns.includes('name') || !columns.includes('full_name'), `The columns are ${columns.join(', ')}`],
  ];
  return checks.filter(([wrong]) => wrong).map(([, text]) => text);
}

function rows(line: Line): Row[] {
  const versions = Object.entries(line.versions).map(([version, many]) => `${version} ${count(many)}`);
  return [
    ['Requests', count(line.requests), versions.join('  ')],
    ['Failed', count(line.failed), 'no error, reset, refusal, timeout'],
    [
      'Divergent',
      `${count(line.divergent)} rows`,
      `both columns of all rows compared ${line.compared} times`,
    ],
    [
      'Lost',
      `${count(line.lost)} of ${count(line.writes)} writes`,
      'each was acknowledged, and is in the table',
    ],
    ['Wrong', `${count(line.wrong)} answers`, 'each shows what was written last'],
    ['Unreadable', `${count(line.unreadable)} rows`, 'written by v2, read by v1 after the rollback'],
    ['Kept aside', `${count(line.kept)} values`, `${line.notRestored} of them did not come back`],
    ['Phases', line.phases.join(' ')],
    ['Took', `${line.seconds} s`],
  ];
}
