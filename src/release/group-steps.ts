import type { Step } from './state.ts';
import { withoutLive } from './begin.ts';
import { stepName } from './steps.ts';

interface Own {
  readonly app: string;
  readonly steps: readonly Step[];
  /** Some version of it is live. */
  readonly live: boolean;
}

/** Steps about people or the clock, which all apps of a group take at once; what is about one app alone is its own. */
const isShared = ({ kind }: Step): boolean => !ownKinds.has(kind);

const ownKinds: ReadonlySet<Step['kind']> = new Set(['test', 'warm', 'mirror', 'member']);

/**
 * One list of steps for apps that are released together, so that a step has the same number in each. Between the steps that they share,
 * each app's own (tests, warming) come one app after the other; in the other apps' lists they are only named.
 * Null when they do not share the same ones.
 */
export function stepsTogether(members: readonly Own[]): ReadonlyMap<string, readonly Step[]> | null {
  // Where one of them has nothing live, there is no old pair to leave the others on.
  const live = members.every((member) => member.live);
  const parts = members.map(({ app, steps }) => ({
    app,
    sections: sectionsOf(live ? steps : steps.filter(withoutLive)),
  }));
  const shared = parts.map(({ sections }) => JSON.stringify(sections.map(({ end }) => end && whom(end))));
  if (shared.some((each) => each !== shared[0])) return null;
  return new Map(
    parts.map(({ app, sections }) => [
      app,
      sections.flatMap(({ end }, index) => [
        ...parts.flatMap((part) => {
          const own = part.sections[index]?.own ?? [];
          return part.app === app ? own : own.map((step) => named(part.app, step));
        }),
        ...(end === null ? [] : [end]),
      ]),
    ]),
  );
}

/** How long people stay, and what is judged of them, is each app's own: the slowest holds. */
const whom = (step: Step): unknown => (step.kind === 'expose' ? [step.kind, step.to, step.percent] : step);

const named = (app: string, step: Step): Step => ({ kind: 'member', app, name: stepName(step) });

interface Section {
  readonly own: readonly Step[];
  readonly end: Step | null;
}

function sectionsOf(steps: readonly Step[]): readonly Section[] {
  const sections: Section[] = [];
  let own: Step[] = [];
  for (const step of steps) {
    if (!isShared(step)) own.push(step);
    else {
      sections.push({ own, end: step });
      own = [];
    }
  }
  return own.length === 0 ? sections : [...sections, { own, end: null }];
}
