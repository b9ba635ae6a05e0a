import { actorsOf, buildRelease } from './build-release.ts';
import type { StepPolicy } from './release.ts';
import { didYouMean } from './did-you-mean.ts';
import type { Finding } from './finding.ts';
import { show, type Path } from './problem.ts';
import type { AppInput, FileInput } from './schema.ts';

/** What is wrong with groups, and with apps that cannot be released together as they are. */
export function groupsOf(file: FileInput): readonly Finding[] {
  const seen = new Map<string, Path>();
  return Object.entries(file.groups).flatMap(([name, apps]) => {
    const path = ['groups', name];
    const found = [...named(path, name, file), ...members(path, apps, { file, seen })];
    return found.length > 0 ? found : alike(apps, file);
  });
}

const error = (
  path: Path,
  what: Pick<Finding, 'expected' | 'got' | 'remedy'>,
  others: readonly Path[] = [],
): Finding => ({ severity: 'error', path, others, ...what });

function named(path: Path, name: string, { apps }: FileInput): readonly Finding[] {
  if (!Object.hasOwn(apps, name)) return [];
  const expected = 'a name that no app has: commands name either';
  const found = error(path, { expected, got: show(name), remedy: `call the group ${name}s, or otherwise` }, [
    ['apps', name],
  ]);
  return [{ ...found, of: 'key' }];
}

function members(
  path: Path,
  apps: readonly string[],
  { file, seen }: { readonly file: FileInput; readonly seen: Map<string, Path> },
): readonly Finding[] {
  const known = Object.keys(file.apps);
  const found: Finding[] = [];
  if (apps.length < 2) {
    const got = apps.length === 0 ? 'none' : 'one';
    found.push(
      error(path, { expected: 'at least two apps', got, remedy: 'add another, or remove the group' }),
    );
  }
  for (const [index, app] of apps.entries()) {
    const here = [...path, index];
    const first = seen.get(app);
    if (!known.includes(app)) {
      const meant = didYouMean(app, known);
      const remedy = meant === null ? `write one of ${known.join(', ')}` : `Did you mean \`${meant}\`?`;
      found.push(error(here, { expected: 'an app of this file', got: show(app), remedy }));
    } else if (first === undefined) seen.set(app, here);
    else {
      const remedy = 'name it once';
      found.push(
        error(here, { expected: 'each app once, in one group', got: `${show(app)} again`, remedy }, [first]),
      );
    }
  }
  return found;
}

/** Apps go through their shared steps at the same time, with the same people. */
function alike(names: readonly string[], file: FileInput): readonly Finding[] {
  const [first, ...others] = names;
  const one = first === undefined ? undefined : file.apps[first];
  if (first === undefined || one === undefined) return [];
  return others.flatMap((name): readonly Finding[] => {
    const two = file.apps[name];
    if (two === undefined) return [];
    const path = ['apps', name];
    const known = ['apps', first];
    const found = [...sameSteps(path, [one, two], { known, file }), ...samePeople(path, [one, two], known)];
    return found.length > 0 ? found : sameBrowsers(path, [one, two], known);
  });
}

type Pair = readonly [one: AppInput, two: AppInput];

function sameSteps(
  path: Path,
  [one, two]: Pair,
  { known, file }: { readonly known: Path; readonly file: FileInput },
): readonly Finding[] {
  const people = actorsOf(file.people);
  const shared = (app: AppInput): string => {
    const { steps, promote, cohort } = buildRelease(app.release, { people, judge: app.judge });
    return JSON.stringify([
      steps.filter(({ kind }) => kind !== 'test' && kind !== 'warm' && kind !== 'mirror').map(whom),
      promote,
      exposes(app) ? cohort : null,
    ]);
  };
  if (shared(one) === shared(two)) return [];
  const expected = `the same expose, wait and approve steps, promote and cohort as ${known[1]}, with which it is released`;
  const remedy = 'write the same in both; tests, warm and mirror steps are its own';
  return [error([...path, 'release'], { expected, got: 'others', remedy }, [[...known, 'release']])];
}

/** How long people stay, and what is judged of them, is each app's own: the slowest holds. */
const whom = (step: StepPolicy): unknown =>
  step.kind === 'expose' ? [step.kind, step.to, step.percent] : step;

const exposes = ({ release: { steps, strategy } }: AppInput): boolean =>
  steps === undefined
    ? strategy !== undefined && strategy !== 'blue-green'
    : steps.some((step) => 'expose' in step);

function samePeople(path: Path, [one, two]: Pair, known: Path): readonly Finding[] {
  if (!exposes(one)) return [];
  const used = (one.release.steps ?? []).flatMap((step) => ('expose' in step ? step.expose.to : []));
  const who = ({ audiences }: AppInput): string => JSON.stringify(used.map((name) => audiences[name]));
  const remedy = 'write the same in both: a YAML anchor (&people, *people) says it once';
  const found: Finding[] = [];
  if (JSON.stringify(one.identity) !== JSON.stringify(two.identity)) {
    const expected = `the same identity as ${known[1]}, so that a person is the same in both`;
    found.push(error([...path, 'identity'], { expected, got: 'another', remedy }, [[...known, 'identity']]));
  }
  if (who(one) !== who(two)) {
    const expected = `the same audiences as ${known[1]} has for its steps`;
    found.push(error([...path, 'audiences'], { expected, got: 'others', remedy }, [[...known, 'audiences']]));
  }
  return found;
}

/** Teal's own cookie is known at one host, or at all hosts of a domain. */
function sameBrowsers(path: Path, [one, two]: Pair, known: Path): readonly Finding[] {
  const { anonymous, 'cookie-domain': domain } = two.identity;
  const apart = JSON.stringify([...one.hosts].sort()) !== JSON.stringify([...two.hosts].sort());
  if (!exposes(one) || !apart || anonymous === 'off' || domain !== undefined) return [];
  return [
    {
      ...error(
        [...path, 'identity'],
        {
          expected: `cookie-domain, since its hosts are others than those of ${known[1]}`,
          got: 'none',
          remedy:
            'write identity: { cookie-domain: example.com } in both: without, somebody who is not signed in is another person at each host',
        },
        [[...known, 'hosts']],
      ),
      severity: 'warning',
    },
  ];
}
