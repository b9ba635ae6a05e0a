import type { Finding } from './finding.ts';
import type { Path } from './problem.ts';
import type { AppInput } from './schema.ts';
import type { StepInput } from './schema-release.ts';
import { formatDuration } from './units.ts';

const finding = (
  severity: Finding['severity'],
  path: Path,
  told: Pick<Finding, 'expected' | 'got' | 'remedy'>,
): Finding => ({ severity, path, others: [], ...told });

/** What may be asked of the judge for one step. */
export function judgeOfStep(
  path: Path,
  step: Extract<StepInput, { expose: unknown }>['expose'],
  { judge }: AppInput,
): readonly Finding[] {
  const asked = step.judge ?? (step.for === undefined ? 'on' : 'hold');
  if (judge === null && step.judge !== undefined && step.judge !== 'off') {
    const remedy = 'remove judge: off of the app, or write judge: off here';
    return [
      finding('error', [...path, 'judge'], {
        expected: 'off, since the judge of the app is off',
        got: step.judge,
        remedy,
      }),
    ];
  }
  if (step['without-evidence'] === undefined || (asked === 'on' && judge !== null)) return [];
  const remedy = 'write judge: on beside it, or remove it: this step goes on by time';
  return [
    finding('error', [...path, 'without-evidence'], {
      expected: 'a step that the judge lets pass',
      got: `judge: ${judge === null ? 'off' : asked}`,
      remedy,
    }),
  ];
}

/** What each key allows and together makes no sense, and what weakens the promise that the defaults make. */
export function judgeOf(path: Path, { judge }: AppInput): readonly Finding[] {
  if (judge === null) return [];
  const at = [...path, 'judge'];
  const { min, max, alpha, beta } = judge;
  const found: Finding[] = [];
  if (max < min) {
    found.push(
      finding('error', [...at, 'max'], {
        expected: `at least judge.min, which is ${formatDuration(min)}`,
        got: formatDuration(max),
        remedy: `write ${formatDuration(min)} or more, or a shorter min`,
      }),
    );
  }
  const weaker: readonly (readonly [string, number, number, string])[] = [
    ['alpha', alpha, 0.01, 'healthy releases are rolled back'],
    ['beta', beta, 0.05, 'steps go on although something is too bad'],
  ];
  for (const [key, value, usual, what] of weaker) {
    if (value <= usual) continue;
    found.push(
      finding('warning', [...at, key], {
        expected: `${usual} or less`,
        got: `${value}`,
        remedy: `keep ${usual}, unless you accept that up to ${value * 100} % of them go wrong: ${what}`,
      }),
    );
  }
  return found;
}
