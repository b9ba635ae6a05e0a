import { buildTiming, type ExposeInput } from './build-judge.ts';
import type { Config } from './config.ts';
import type { ApprovePolicy, ExposePolicy, ReleasePolicy, StepPolicy, Test } from './release.ts';
import type { AppInput, TestInput } from './schema.ts';
import type { JudgeInput } from './schema-judge.ts';
import type { StepInput } from './schema-release.ts';

type ReleaseInput = AppInput['release'];

interface Context {
  readonly people: Config['people'];
  readonly judge: JudgeInput;
}

/** How a version goes live: the strategy's name replaced by its steps, roles by the people who have them. */
export function buildRelease(release: ReleaseInput, context: Context): ReleasePolicy {
  const strategy = release.steps === undefined ? (release.strategy ?? 'blue-green') : 'steps';
  return {
    strategy,
    tests: release.tests.map((test) => buildTest(test)),
    steps:
      strategy === 'steps'
        ? (release.steps ?? []).map((step) => buildStep(step, context))
        : presets[strategy](context.judge),
    windows: {
      open: release.windows.map(({ days, hours, zone }) => ({ days, ...hours, zone })),
      holidays: release.holidays,
    },
    cohort: release.cohort,
    promote: release.promote,
    previewInstances: release['preview-instances'] ?? (strategy === 'blue-green' ? 'all' : 1),
    deadlineMs: release.deadline,
    rollbackWindowMs: release['rollback-window'],
  };
}

/** Who `people` names, as actors: `anna` is `user:anna`. */
export function actorsOf(people: Readonly<Record<string, readonly string[]>>): Config['people'] {
  return Object.fromEntries(Object.entries(people).map(([role, names]) => [role, names.map(actor)]));
}

const actor = (name: string): string => (name.includes(':') ? name : `user:${name}`);

const minutes = 60_000;

const expose = (percent: number, timing: ExposeInput, judge: JudgeInput): ExposePolicy => ({
  kind: 'expose',
  to: [],
  percent,
  ...buildTiming(timing, judge),
});

const anyone: ApprovePolicy = {
  kind: 'approve',
  role: null,
  by: null,
  fourEyes: false,
  expiresMs: null,
  onExpiry: 'abort',
};

const ramp: readonly number[] = [1, 5, 10, 25, 50];

/** Steps that the judge lets pass, or of ten minutes each where there is none; then the hold-back. */
function canary(judge: JudgeInput): readonly StepPolicy[] {
  return [...ramp.map((percent) => expose(percent, {}, judge)), ...holdBack(judge, 1)];
}

/** Half an hour each at least, and two people who look at it. */
function cautious(judge: JudgeInput): readonly StepPolicy[] {
  const slowly: ExposeInput = judge === null ? { for: 30 * minutes } : { for: 30 * minutes, judge: 'on' };
  const [first, ...rest] = ramp.map((percent) => expose(percent, slowly, judge));
  return [...(first === undefined ? [] : [first]), anyone, ...rest, anyone, ...holdBack(judge, 2)];
}

/** The few who are still on the old version show what the new one does to the others. @param times how much longer than said */
function holdBack(judge: JudgeInput, times: number): readonly StepPolicy[] {
  const { percent, for: forMs } = (judge === null ? plainHoldBack : judge['hold-back']) ?? {};
  if (percent === undefined || forMs === undefined) return [];
  // Written as a share of three decimals, as steps are.
  return [expose(Math.round((100 - percent) * 1000) / 1000, { for: forMs * times, judge: 'hold' }, judge)];
}

/** Where there is no judge people look at it themselves. */
const plainHoldBack = { percent: 5, for: 30 * minutes };

const presets: Readonly<
  Record<'blue-green' | 'canary' | 'cautious', (judge: JudgeInput) => readonly StepPolicy[]>
> = { 'blue-green': () => [], canary, cautious };

function buildStep(step: StepInput, { people, judge }: Context): StepPolicy {
  if ('test' in step) return { kind: 'test', test: step.test };
  if ('wait' in step) return { kind: 'wait', ms: step.wait };
  if ('warm' in step) return { kind: 'warm', ...step.warm };
  if ('expose' in step) {
    const { to, percent } = step.expose;
    return { kind: 'expose', to, percent: percent ?? null, ...buildTiming(step.expose, judge) };
  }
  if ('mirror' in step) {
    const { of, percent, methods, timeout } = step.mirror;
    return {
      kind: 'mirror',
      of,
      percent: percent ?? null,
      methods: [...new Set(methods)],
      forMs: step.mirror.for,
      timeoutMs: timeout,
      maxBodyBytes: step.mirror['max-body'],
    };
  }
  const { role, by, expires } = step.approve;
  const named = role !== undefined || by.length > 0;
  return {
    kind: 'approve',
    role: role ?? null,
    by: named ? [...new Set([...(people[role ?? ''] ?? []), ...by.map(actor)])] : null,
    fourEyes: step.approve['four-eyes'],
    expiresMs: expires ?? null,
    onExpiry: step.approve['on-expiry'],
  };
}

function buildTest(test: TestInput): Test {
  if (!('http' in test)) {
    return { kind: 'command', name: testName(test), command: test.command, timeoutMs: test.timeout };
  }
  return {
    kind: 'http',
    name: testName(test),
    method: test.method,
    path: test.http,
    status: test.status,
    contains: test.contains ?? null,
    timeoutMs: test.timeout,
  };
}

/** What a test is called when nobody named it. */
export function testName(test: TestInput): string {
  if (test.name !== undefined) return test.name;
  return 'http' in test ? `${test.method} ${test.http}` : shortened(test.command);
}

/** On one line, as long as a name may be. */
function shortened(command: string): string {
  const line = command.replaceAll(/\s+/g, ' ').trim();
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
