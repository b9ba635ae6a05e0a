import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { Platform, PlatformHooks } from '../../../src/platform/platform.ts';
import {
  ProcessPlatform,
  type ProcessPlatformOptions,
} from '../../../src/platform/process/process-platform.ts';
import { atEnd } from '../../at-end.ts';
import { isRunning, program, recorder, scratch, wellBehaved, workload } from '../apps.ts';
import type { Driver } from '../behaviour.ts';

/** A platform on a folder; whatever is left in the folder is stopped after the test, also what a killed one left. */
export function platformOn(
  t: TestContext,
  data: string,
  hooks: PlatformHooks,
  more: Partial<ProcessPlatformOptions> = {},
): ProcessPlatform {
  const platform = new ProcessPlatform({ data, hooks, ...more });
  atEnd(t, async () => {
    await platform.close();
    await stopAll(data);
  });
  return platform;
}

async function stopAll(data: string): Promise<void> {
  const cleaner = new ProcessPlatform({ data, hooks: recorder() });
  await cleaner.adopt();
  await Promise.all(cleaner.instances().map((instance) => cleaner.stop(instance)));
  await cleaner.close();
}

const folders = new WeakMap<TestContext, string>();

export const processDriver: Driver = {
  name: 'process',
  create(t, hooks): Platform {
    const data = scratch(t);
    folders.set(t, data);
    return platformOn(t, data, hooks);
  },
  again(t, hooks): Platform {
    return platformOn(t, folders.get(t) ?? scratch(t), hooks);
  },
  async prepare(t) {
    const directory = scratch(t);
    const shop = workload(directory, { command: program(directory, 'app.cjs', wellBehaved) });
    const silent = program(directory, 'silent.cjs', 'setInterval(() => {}, 1000)');
    return {
      of: (version, instances) => ({ ...shop, version, instances }),
      sick: { ...shop, spec: { ...shop.spec, command: silent } },
    };
  },
  processes: { runs: isRunning },
};

export const byNumber = (a: number, b: number): number => a - b;

/** Pids of the programs started for this data folder, found without asking Teal. */
export function carriers(data: string): readonly number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync(path.join(data, 'instances'))
    .flatMap((id) => readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && carries(pid, id)))
    .map(Number)
    .toSorted(byNumber);
}

function carries(pid: string, id: string): boolean {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
    return (
      environment.includes(`TEAL_INSTANCE=${id}`) &&
      !readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('teal-launcher')
    );
  } catch {
    return false;
  }
}
