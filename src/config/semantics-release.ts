import { testName } from './build-release.ts';
import type { Finding } from './finding.ts';
import { show, type Path } from './problem.ts';
import type { AppInput, FileInput } from './schema.ts';
import type { StepInput } from './schema-release.ts';
import { judgeOfStep } from './semantics-judge.ts';

/** What is wrong with a list of steps in which each step is right. */
export function stepsOf(path: Path, app: AppInput, file: FileInput): readonly Finding[] {
  const { steps, strategy } = app.release;
  if (steps === undefined) return [];
  const at = [...path, 'release', 'steps'];
  return [
    ...(strategy === undefined ? [] : [both([...path, 'release', 'strategy'], at)]),
    ...exposures(at, steps),
    ...steps.flatMap((step, index) => {
      const here = [...at, index];
      if ('test' in step) return knownTest(here, step.test, app);
      if ('expose' in step)
        return [
          ...knownAudiences([...here, 'expose', 'to'], step.expose.to, app),
          ...judgeOfStep([...here, 'expose'], step.expose, app),
        ];
      if ('mirror' in step) return knownAudiences([...here, 'mirror', 'of'], step.mirror.of, app);
      return 'approve' in step ? approvers([...here, 'approve'], step.approve, file.people) : [];
    }),
    ...testsOnce(at, steps),
  ];
}

function both(path: Path, other: Path): Finding {
  const remedy = 'keep one: a strategy is a name for a list of steps';
  return { severity: 'error', path, others: [other], expected: 'strategy or steps', got: 'both', remedy };
}

/** People are only ever added, so that nobody is sent to the candidate and back (a rollback excepted). */
function exposures(path: Path, steps: readonly StepInput[]): readonly Finding[] {
  const found: Finding[] = [];
  const before = new Map<string, { readonly percent: number; readonly path: Path }>();
  for (const [index, step] of steps.entries()) {
    if (!('expose' in step)) continue;
    const here = [...path, index, 'expose'];
    const { percent, to } = step.expose;
    if (percent === undefined && to.length === 0) found.push(nobody(here));
    const whose = [...to].sort().join(' ');
    const earlier = before.get(whose);
    const at = percent === undefined ? here : [...here, 'percent'];
    if (earlier !== undefined && (percent ?? 100) <= earlier.percent) {
      found.push({
        severity: 'error',
        path: at,
        others: [earlier.path],
        expected: `more than the ${earlier.percent} % of an earlier step`,
        got: `${percent ?? 100}`,
        remedy: 'let percentages rise: people are only ever added',
      });
    }
    before.set(whose, { percent: percent ?? 100, path: at });
  }
  return found;
}

function nobody(path: Path): Finding {
  const remedy = 'add percent: 5, or to: [staff]';
  return {
    severity: 'error',
    path,
    others: [],
    expected: 'somebody to be sent there',
    got: 'nobody',
    remedy,
  };
}

function knownAudiences(path: Path, names: readonly string[], { audiences }: AppInput): readonly Finding[] {
  const known = Object.keys(audiences);
  return names.flatMap((name, index): readonly Finding[] => {
    if (known.includes(name)) return [];
    const remedy = known.length === 0 ? `add audiences: { ${name}: … }` : `write one of ${known.join(', ')}`;
    const expected = 'an audience of this app';
    return [{ severity: 'error', path: [...path, index], others: [], expected, got: show(name), remedy }];
  });
}

function knownTest(path: Path, name: string, app: AppInput): readonly Finding[] {
  const names = app.release.tests.map(testName);
  if (names.includes(name)) return [];
  const expected = 'the name of one of release.tests';
  const remedy = names.length === 0 ? 'add it under release.tests' : `write one of ${names.join(', ')}`;
  return [{ severity: 'error', path: [...path, 'test'], others: [], expected, got: show(name), remedy }];
}

function testsOnce(path: Path, steps: readonly StepInput[]): readonly Finding[] {
  const seen = new Map<string, Path>();
  return steps.flatMap((step, index): readonly Finding[] => {
    if (!('test' in step)) return [];
    const here = [...path, index, 'test'];
    const first = seen.get(step.test);
    seen.set(step.test, first ?? here);
    if (first === undefined) return [];
    const remedy = 'give the second a test of its own under release.tests';
    const got = `${show(step.test)} again`;
    return [{ severity: 'error', path: here, others: [first], expected: 'each test once', got, remedy }];
  });
}

function approvers(
  path: Path,
  { role, by }: Extract<StepInput, { approve: unknown }>['approve'],
  people: FileInput['people'],
): readonly Finding[] {
  if (role === undefined) return [];
  const members = people[role];
  const at = [...path, 'role'];
  const names = Object.keys(people);
  if (members === undefined) {
    const remedy =
      names.length === 0 ? `add people: { ${role}: [anna] }` : `write one of ${names.join(', ')}`;
    return [
      { severity: 'error', path: at, others: [], expected: 'a role in people', got: show(role), remedy },
    ];
  }
  if (members.length > 0 || by.length > 0) return [];
  const remedy = 'name somebody: nobody could ever approve';
  return [
    {
      severity: 'error',
      path: at,
      others: [['people', role]],
      expected: 'a role that somebody has',
      got: 'nobody',
      remedy,
    },
  ];
}
