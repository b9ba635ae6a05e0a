/** A control plane that kills itself with SIGKILL right after it has stored the event that a file names. */
import { readFileSync, rmSync } from 'node:fs';
import { startControl } from '../../src/control/control.ts';

const [file = '', order = ''] = process.argv.slice(2);

const ordered = (): string | null => {
  try {
    return readFileSync(order, 'utf8');
  } catch {
    return null;
  }
};

const { urls } = await startControl({
  file,
  log: 'silent',
  onEvent: ({ type }) => {
    if (ordered() !== type) return;
    rmSync(order);
    process.kill(process.pid, 'SIGKILL');
  },
});
process.stdout.write(`${JSON.stringify(urls)}\n`);
