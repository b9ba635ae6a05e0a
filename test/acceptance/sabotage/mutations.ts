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
    // Only where everyone moves: a release that cannot even be tested would fail before it comes to what is sabotaged.
    replace:
      'const before = this.#table; const moves = before !== null && [...table.apps.values()].some(({ name, live }) => before.apps.get(name)?.live && before.apps.get(name)?.live !== live); if (moves) setTimeout(() => (this.#table = table), 250); else this.#table = table;',
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
    file: 'src/platform/process/slot.ts',
    find: 'if (this.healthy) return Promise.resolve();',
    replace: 'if (this.number >= 0) return Promise.resolve();',
    fails: /requests failed/,
  },
  {
    id: 'A11',
    says: 'full promotion skips only one step',
    file: 'src/release/obey.ts',
    find: 'if (full) return { events: skip(release, release.steps.length - 1) };',
    replace: 'if (full) return { events: skip(release, release.cursor + 1) };',
    fails: /never happened: v2 live/,
  },
  {
    id: 'C13',
    says: 'the live version is refused like any other',
    file: 'src/release/obey.ts',
    find: "if (build.version === live && next(release.status, 'abort-started')) {",
    replace: 'if (build.version === null) {',
    fails: /release-in-progress/,
  },
  {
    id: 'L1',
    says: 'a drain cuts what is in flight at once',
    file: 'src/router/embedded/drain.ts',
    find: 'this.#timers.push(setTimeout(() => this.#cutAll(), request.deadlineMs));',
    replace: 'this.#cutAll();',
    fails: /requests failed|was cut off|both go on after the switch/,
  },
  {
    id: 'L1',
    says: 'streams that are to be closed are cut instead',
    file: 'src/router/embedded/tunnel.ts',
    find: 'if (this.#border.atBorder) this.#client.write(closeFrame);',
    replace: '',
    fails: /each WebSocket is told to come again/,
  },
  {
    id: 'L1',
    says: 'old instances are stopped without a drain',
    file: 'src/control/releases.ts',
    find: 'for (const { id } of instances) this.#released.add(id);',
    replace: 'if (instances.length > 0) return;',
    fails: /requests failed|was cut off|ticks are missing|messages came back/,
  },
  {
    id: 'L3',
    says: 'a control plane that starts again does not go on with what it finds',
    file: 'src/control/control.ts',
    find: 'for (const state of apps.states()) runner.want(state.app, effects(state));',
    replace: '',
    fails: /never happened: deploy v2|was not done in/,
  },
  {
    id: 'L3',
    says: 'a router worker that ends is not replaced',
    file: 'src/router/embedded/workers.ts',
    find: 'const life = performance.now() - worker.startedAt;',
    replace: 'const life = performance.now() - worker.startedAt; if (life >= 0) return;',
    fails: /never happened: two workers with one table/,
  },
  {
    id: 'L3',
    says: 'a request whose instance dies is not given to another',
    file: 'src/router/embedded/exchange.ts',
    find: 'if (this.#answered || this.#bodySent || this.#retried || !idempotent.has(this.method)) return false;',
    replace: 'if (this.method !== null) return false;',
    fails: /repeatable requests failed/,
  },
  {
    id: 'L17',
    says: 'two releases may run at once',
    file: 'src/release/obey.ts',
    find: 'if (release !== null && busy(release)) {',
    replace: 'if (release !== null && busy(release) && state === null) {',
    fails: /one of two deploys in one instant is refused/,
  },
  {
    id: 'L17',
    says: 'a POST may go on any idle connection to the app',
    file: 'src/router/embedded/upstream.ts',
    find: '} else if (careful && age > upstream.keepAliveMs / 2) {',
    replace: '} else if (careful && age < 0) {',
    fails: /POST: \d+ of \d+ failed after/,
  },
  {
    id: 'L18',
    says: 'an append is no transaction',
    file: 'src/store/sql.ts',
    find: "export const begin = 'BEGIN IMMEDIATE';\nexport const commit = 'COMMIT';",
    replace: "export const begin = 'SELECT 1';\nexport const commit = 'SELECT 1';",
    fails: /a stream says that it is longer than it is|a stream has a hole/,
  },
  {
    id: 'L18',
    says: 'the record of a version is written before its files are in place',
    file: 'src/platform/versions/version-store.ts',
    find: '    await rename(folder, directory);\n',
    replace:
      "    await writeFile(this.#file(app, version, '.json'), `${JSON.stringify(record)}\\n`);\n    await rename(folder, directory);\n",
    fails: /has a record, but is not whole/,
  },
];
