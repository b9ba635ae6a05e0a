import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Command lines of the processes that name a folder, or work in it. */
export async function processesAbout(folder: string): Promise<readonly string[]> {
  const found = process.platform === 'linux' ? await fromProc() : await fromPs();
  return found.filter((each) => each.includes(folder));
}

async function fromProc(): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return await Promise.all(
    pids.map(async (pid) => {
      // Between the listing and the look a process may have gone, and those of others do not say where they work.
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      const place = await readlink(`/proc/${pid}/cwd`).catch(() => '');
      return `${pid} in ${place}: ${command.replaceAll('\0', ' ')}`;
    }),
  );
}

async function fromPs(): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-axww', '-o', 'pid=,command=']);
  return stdout.split('\n');
}
