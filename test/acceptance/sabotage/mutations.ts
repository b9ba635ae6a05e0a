import type { Patch } from './patch.ts';

/** The mechanism of a scenario, disabled by one change to one source file. */
export interface Mutation extends Patch {
  readonly id: string;
  /** What was disabled. */
  readonly says: string;
  /** How the scenario has to fail: by what was disabled, and not because nothing works any more. */
  readonly fails: RegExp;
}

export const mutations: readonly Mutation[] = [
  {
    id: 'A1',
    says: 'a router worker acknowledges a table before it is in force',
    file: 'src/router/embedded/engine.ts',
    find: 'this.#table = table;',
    replace:
      'if (this.#table === null) this.#table = table; else setTimeout(() => (this.#table = table), 250);',
    fails: /requests (went to v1 after v2 had answered|were answered by v1, which nobody should see then)/,
  },
  {
    id: 'A1',
    says: 'every tenth request is still sent to the other environment',
    file: 'src/router/embedded/decide.ts',
    find: 'app.live === null ? null : app.environments[app.live];',
    replace:
      "app.live === null ? null : (Math.random() < 0.1 && app.environments[app.live === 'blue' ? 'green' : 'blue']) || app.environments[app.live];",
    fails: /requests (went to v1 after v2 had answered|were answered by v2, which nobody should see then)/,
  },
  {
    id: 'A2',
    says: 'a failed test counts as passed',
    file: 'src/release/learn.ts',
    find: "if (fact.type === 'test-passed') {",
    replace: 'if (fact.type !== undefined) {',
    fails: /requests were answered by v2, which nobody should see then/,
  },
  {
    id: 'A3',
    says: 'the live version is not watched',
    file: 'src/release/learn.ts',
    find: "if (next(release.status, 'rollback-started') && state.environments[other(colour)] !== null) {",
    replace: 'if (state === null) {',
    fails: /never happened: v2 rolled back/,
  },
  {
    id: 'A4',
    says: 'abort does nothing',
    file: 'src/release/obey.ts',
    find: "return { events: [{ type: 'abort-started', why: reason ?? 'asked for', error: null }] };",
    replace: "return { events: [], note: 'sabotaged' };",
    fails: /release-in-progress/,
  },
  {
    id: 'A5',
    says: 'the candidate never grows to full size',
    file: 'src/release/effects.ts',
    find: "if (environment.size === 'full' || preview === 'all'",
    replace: "if (preview === 'all'",
    fails: /full size/,
  },
  {
    id: 'A6',
    says: 'the time before the promotion is not waited for',
    file: 'src/release/learn.ts',
    find: "step?.kind === 'wait' && now >= release.since + step.ms",
    replace: "step?.kind === 'wait'",
    fails: /ms after its tests, not 2000/,
  },
  {
    id: 'A7',
    says: 'there is no deadline',
    file: 'src/release/learn.ts',
    find: 'if (!transitions[release.status].timed || now < release.deadlineAt) return false;',
    replace: 'if (now > 0) return false;',
    fails: /never happened: v2 aborted/,
  },
  {
    id: 'A7',
    says: 'the deadline goes on during a pause',
    file: 'src/release/evolve.ts',
    find: 'deadlineAt: release.deadlineAt + paused,',
    replace: 'deadlineAt: release.deadlineAt,',
    fails: /it goes on with the time it had left/,
  },
  {
    id: 'A8',
    says: 'the old environment is stopped right after the switch',
    file: 'src/release/learn.ts',
    find: 'if (release.drain === null || release.windowEndsAt === null || now < release.windowEndsAt) return [];',
    replace: 'if (release.drain === null) return [];',
    fails: /the old environment is kept as it was|never happened: v1 again/,
  },
  {
    id: 'A9',
    says: 'an environment counts as ready before it has started',
    file: 'src/control/effects/run.ts',
    find: 'await Promise.all(roles.map((role) => deps.platform.ensure(workload(app, effect, role), signal)));',
    replace:
      'void Promise.all(roles.map((role) => deps.platform.ensure(workload(app, effect, role), signal)));',
    fails: /requests failed/,
  },
];
