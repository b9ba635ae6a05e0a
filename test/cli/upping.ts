/** A `teal up` in a process of its own, as tests of what becomes of it need it. */
import assert from 'node:assert/strict';
import type { Status } from '../../src/control/contract.ts';
import { start, teal, type Running } from './cli.ts';

/** Starting all of Teal takes a second, or twenty on a machine that is busy otherwise. */
const patienceMs = 90_000;

export async function up(directory: string): Promise<Running> {
  const running = start(directory, ['up', '--json']);
  await waitFor(() => running.said().includes('"up"') || running.child.exitCode !== null);
  assert.equal(running.child.exitCode, null, running.said());
  return running;
}

export async function status(directory: string): Promise<Status> {
  const { code, out, err } = await teal(directory, 'status', '--json');
  assert.equal(code, 0, err);
  return JSON.parse(out) as Status;
}

export async function waitFor(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, 'it never happened');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
