/** A real control plane in a process of its own, that says where it is; with faults planted into it when they are named. */
import { startControl } from '../../src/control/control.ts';
import { plant } from './planted.ts';

const [file = '', ...faults] = process.argv.slice(2);
for (const fault of faults) plant(fault);
const { socket, urls } = await startControl({ file, log: 'json' });
process.stdout.write(`${JSON.stringify({ socket, urls })}\n`);
