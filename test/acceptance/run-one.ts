import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { sabotageVariable, type Patch } from './sabotage/patch.ts';

/** What one run of one scenario came to. */
export interface Outcome {
  readonly passed: boolean;
  readonly seconds: number;
  /** What it printed: for a failure, why. */
  readonly said: string;
}

/** The longest takes a minute; one that takes this long hangs. */
const limitMs = 240_000;

/** Told to end when the runner ends early; each then cleans up what it started. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGTERM');
});

/** Runs the scenario in a process of its own, with or without a sabotage. */
export async function runOne(id: string, sabotage?: Patch): Promise<Outcome> {
  const started = performance.now();
  const patch = sabotage && { file: sabotage.file, find: sabotage.find, replace: sabotage.replace };
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'one.ts'), id], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(patch ? { [sabotageVariable]: JSON.stringify([patch]) } : {}) },
  });
  running.add(child);
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const code = await new Promise<number | null>((resolve) => {
    const late = setTimeout(() => {
      said += `\nit did not end within ${limitMs / 1000} s`;
      child.kill('SIGTERM');
    }, limitMs);
    child.on('close', (status) => {
      clearTimeout(late);
      running.delete(child);
      resolve(status);
    });
  });
  return { passed: code === 0, seconds: (performance.now() - started) / 1000, said };
}
