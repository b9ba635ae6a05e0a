import type { Patch } from '../sabotage/patch.ts';

/**
 * Makes a control plane end itself with SIGKILL at one exact moment of its life: right before, or right after, its
 * n-th append is on disk. Which events it was about is noted in `log` first, one line each: `after switched`.
 */
export function killAtAppend(when: 'before' | 'after', nth: number, log: string): Patch {
  const find = 'const stored = this.#write(() => batches.map((batch) => this.#appendOne(batch)));';
  const types = "batches.flatMap((batch) => batch.events.map((event) => event.type)).join('+')";
  const note = `process.getBuiltinModule('node:fs').appendFileSync(${JSON.stringify(log)}, '${when} ' + ${types} + '\\n')`;
  const die = `if (all.appends === ${nth}) { ${note}; process.kill(process.pid, 'SIGKILL'); for (;;); }`;
  const count =
    'const all = globalThis as unknown as { appends?: number }; ' +
    // What was asked for is written down beside the transitions, and is none.
    "if (batches.some((batch) => batch.events.some((event) => event.type !== 'audited'))) all.appends = (all.appends ?? 0) + 1;";
  return {
    file: 'src/store/sqlite.ts',
    find,
    replace: when === 'before' ? `${count} ${die} ${find}` : `${count} ${find} ${die}`,
  };
}
