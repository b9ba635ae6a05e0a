import type { Patch } from '../../acceptance/sabotage/patch.ts';

/** One line of the engine broken, in a way that only shows when something goes wrong around it. */
export interface Mutant extends Patch {
  /** What was broken. */
  readonly says: string;
  /** The number of the invariant that does not hold any more; 0: a release comes to no end. */
  readonly invariant: number;
}

export const mutants: readonly Mutant[] = [
  {
    invariant: 1,
    says: 'an instance is stopped although its drain failed',
    file: 'src/control/releases.ts',
    find: 'if (this.#leaving.signal.aborted || !this.#routerGone.signal.aborted) throw error;',
    replace: 'if (this.#leaving.signal.aborted) throw error;',
  },
  {
    invariant: 2,
    says: 'a table that the router did not take counts as acknowledged',
    file: 'src/control/routes.ts',
    find: 'this.#options.failed(error);\n      return false;',
    replace: 'for (const { resolve } of waiters) resolve(this.#seen);\n      return false;',
  },
  {
    invariant: 3,
    says: 'a rollback asks the router first how it is',
    file: 'src/control/api/command.ts',
    find: "if (asked.name === 'deploy') {",
    replace: "if (asked.name === 'rollback') await deps.router.status();\n  if (asked.name === 'deploy') {",
  },
  {
    invariant: 4,
    says: 'where nothing of live is left, everybody goes to the other environment',
    file: 'src/control/table.ts',
    find: 'live: state.live !== null && environments[state.live] !== null ? state.live : null,',
    replace:
      "live: state.live === null || environments[state.live] === null ? null : environments[state.live]?.endpoints.length === 0 && (environments[state.live === 'blue' ? 'green' : 'blue']?.endpoints.length ?? 0) > 0 ? (state.live === 'blue' ? 'green' : 'blue') : state.live,",
  },
  {
    invariant: 5,
    says: 'a release that goes back for a failed environment does not say why',
    file: 'src/release/learn.ts',
    find: 'return goBack(state, release, { why: error.message, error });',
    replace: "return goBack(state, release, { why: '', error });",
  },
  {
    invariant: 6,
    says: 'a snapshot is filed under the event before its own',
    file: 'src/control/apps.ts',
    find: 'await this.#store.saveSnapshot(state.app, { version, shape: stateShape, state });',
    replace:
      'await this.#store.saveSnapshot(state.app, { version: Math.max(version - 1, 1), shape: stateShape, state });',
  },
  {
    invariant: 6,
    says: 'what another control plane has written meanwhile does not matter',
    file: 'src/store/sqlite.ts',
    find: 'if (actual !== expected) throw conflict(stream, expected, actual);',
    replace: 'if (actual !== expected) return this.#appendOne({ stream, expected: actual, events });',
  },
  {
    invariant: 6,
    says: 'the time of a step goes on while it is paused',
    file: 'src/release/evolve.ts',
    find: '...shifted(release, at - release.stoppedAt)',
    replace: '...shifted(release, 0)',
  },
  {
    invariant: 7,
    says: 'a table is made before the instances are known again',
    file: 'src/control/routes.ts',
    find: 'if (!this.#open || this.#closed.signal.aborted) return;',
    replace: 'if (this.#closed.signal.aborted) return;',
  },
  {
    invariant: 8,
    says: 'a new teal.yaml says at once who is chosen, also in a release that goes on',
    file: 'src/control/table.ts',
    find: 'exposes || mirrors ? release.build.spec : config;',
    replace: 'config;',
  },
  {
    invariant: 11,
    says: 'undo does not look at who runs',
    file: 'src/release/migrate-knows.ts',
    find: '  isComing(state, (build) => knows(build, migration)) ||\n  runs(state, (build) => knows(build, migration));',
    replace: '  isComing(state, (build) => knows(build, migration));',
  },
  {
    invariant: 0,
    says: 'a release waits on although its expand has failed',
    file: 'src/release/migrate.ts',
    find: "if (fact.type !== 'phase-failed' || release?.status !== 'migrating') return [fact];",
    replace: 'if (release !== undefined) return [fact];',
  },
  {
    invariant: 0,
    says: 'an effect that failed is not tried again',
    file: 'src/control/runner.ts',
    find: 'await pause(wait, signal);',
    replace: 'return;',
  },
];
