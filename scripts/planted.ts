/** Faults of one line, planted into files as they are loaded: a fuzzer has to find each, or finding nothing says nothing. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

export interface Fault {
  readonly name: string;
  /** In the folder that is fuzzed. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export interface Planting {
  /** Under src/. */
  readonly folder: string;
  readonly faults: readonly Fault[];
}

/** What every fuzzer of one seed can be told; `planted` is how it starts itself once for each fault. */
export const fuzzOptions = {
  seed: { type: 'string', default: '1' },
  quick: { type: 'boolean', default: false },
  'self-test': { type: 'boolean', default: false },
  case: { type: 'string' },
  planted: { type: 'string' },
} as const;

/** The last lines of a fuzzer, and how it ends. @param failures goals that it has missed */
export function conclude(failures: readonly string[]): void {
  for (const failure of failures) console.log(`FAILED  ${failure}`);
  console.log(failures.length === 0 ? 'fuzz: all is well' : `fuzz: ${failures.length} goals missed`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

/** Plants one fault in this process; whatever is imported from now on has it. */
export function plant({ folder, faults }: Planting, index: number): void {
  const fault = faults[index];
  if (fault === undefined) throw new Error(`there are ${faults.length} faults; ${index} is none of them`);
  let planted = false;
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.endsWith(`/src/${folder}/${fault.file}`)) return loaded;
      planted = true;
      return { ...loaded, source: withFault(readFileSync(fileURLToPath(url), 'utf8'), fault) };
    },
  });
  process.on('exit', () => {
    if (!planted) console.error(`${fault.file} was never loaded`);
  });
}

/** @throws Error when the file does not have what the fault replaces, exactly once */
export function withFault(source: string, { file, from, to }: Fault): string {
  // The formatter may have broken the line.
  const pattern = new RegExp(from.split(/\s+/).map(literally).join('\\s+'));
  if (source.split(pattern).length !== 2) throw new Error(`${file} does not have: ${from}`);
  return source.replace(pattern, () => to);
}

/** As a pattern that matches these letters alone. */
function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

/**
 * Runs the script once for each fault, with `--planted` and its index: it says `found …` or something else.
 * @returns whether all were found
 */
export function findsAll(script: string, { faults }: Planting, seed: string): boolean {
  let found = 0;
  for (const [index, { name }] of faults.entries()) {
    const args = [script, '--planted', String(index), '--seed', seed];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    const ok = stdout.startsWith('found');
    if (ok) found++;
    console.log(`planted: ${name}: ${ok ? stdout.trim() : `NOT FOUND ${stdout}${stderr}`}`);
  }
  console.log(`planted faults   ${found} of ${faults.length} found`);
  return found === faults.length;
}
