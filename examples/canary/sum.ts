import { count } from '../../src/cli/render/units.ts';
import type { Row } from '../demo/screen.ts';
import type { Checked, Reached } from './check.ts';
import type { Visit } from './crowd.ts';
import { stages } from './oracle.ts';

/** The line for machines. */
export interface Line {
  readonly requests: number;
  /** No answer, or none that the shop gives. */
  readonly failed: number;
  /** Answered by the version where the person did not belong, by a computation that shares nothing with Teal. */
  readonly misrouted: number;
  /** Answered by v1 after having been answered by v2. */
  readonly flips: number;
  /** Steps at which somebody came to v2 who had not been there before. */
  readonly steps: number;
}

export interface Sum {
  readonly json: Line;
  readonly title: { readonly good: boolean; readonly text: string };
  readonly rows: readonly Row[];
}

/** Counts everything up, and says whether it is as it should be. */
export function sum(checked: Checked, people: number, seconds: number): Sum {
  const json: Line = {
    requests: checked.requests,
    failed: checked.failed.length,
    misrouted: checked.misrouted.length,
    flips: checked.flips.length,
    steps: checked.reached.length,
  };
  const wrong = problems(checked, json);
  const good = wrong.length === 0;
  const text = good ? 'Everyone was where they belonged, at every step, and stayed' : wrong.join('; ');
  return { json, title: { good, text }, rows: rows(checked, json, { people, seconds }) };
}

function problems({ failed, misrouted, flips }: Checked, line: Line): readonly string[] {
  const checks: readonly (readonly [boolean, string])[] = [
    [line.failed > 0, `${count(line.failed)} requests lost: ${failed[0]?.problem}`],
    [line.misrouted > 0, `${count(line.misrouted)} misrouted, first ${about(misrouted[0])}`],
    [line.flips > 0, `${count(line.flips)} flips, first ${about(flips[0])}`],
    [line.steps !== stages.length, `${line.steps} of ${stages.length} steps brought anybody`],
  ];
  return checks.filter(([wrong]) => wrong).map(([, text]) => text);
}

const about = (visit: Visit | undefined): string =>
  visit === undefined ? '' : `${visit.person.kind}: ${visit.person.name} on ${visit.version}`;

function rows(
  checked: Checked,
  line: Line,
  { people, seconds }: { readonly people: number; readonly seconds: number },
): readonly Row[] {
  return [
    [
      'Requests',
      `${count(line.requests)} by ${people} people`,
      'with cookies, tokens, addresses of their own',
    ],
    ['Failed', count(line.failed)],
    ['Misrouted', count(line.misrouted), 'each compared with a computation of its own'],
    ['Flips', count(line.flips), 'nobody saw v1 after v2'],
    ...checked.reached.map(joined),
    ['Took', `${Math.round(seconds * 10) / 10} s`],
  ];
}

function joined({ stage, joined: who }: Reached): Row {
  const all = Object.values(who).reduce((total, each) => total + each, 0);
  const largest = Object.entries(who).toSorted(([, one], [, two]) => two - one);
  const named = largest.slice(0, 3).map(([kind, many]) => `${many} ${kind}`);
  return [stage, `+ ${all}`, named.join(', ')];
}
