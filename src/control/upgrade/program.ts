import { execFile } from 'node:child_process';
import { TealError } from '../../errors.ts';
import type { Program } from '../../router/embedded/options.ts';

/** A Teal on this machine, as it says of itself. */
export interface OtherTeal {
  readonly version: string;
  readonly router: Program;
}

/** Loading nothing but its version is a matter of a tenth of a second; on a busy machine of some. */
const answerMs = 20_000;
const longestAnswer = 64 * 1024;

/**
 * Asks a program what it is, by `version --json`: so whatever cannot even be loaded is found out before anything is changed.
 * @throws TealError `upgrade-failed`
 */
export async function askProgram(node: string, program: string): Promise<OtherTeal> {
  const { out, failed } = await run(node, [program, 'version', '--json']);
  const said = parsed(out);
  if (failed === null && said !== null) {
    return { version: said.version, router: { node, entry: said.router } };
  }
  throw new TealError(
    'upgrade-failed',
    `${program} does not run as a Teal that can take over${failed === null ? '' : `: ${failed}`}`,
    {
      remedy: `Try it: ${node} ${program} version --json. Nothing has been changed.`,
      details: { program, node, output: out.slice(-2000) },
    },
  );
}

function run(node: string, args: readonly string[]): Promise<{ out: string; failed: string | null }> {
  return new Promise((resolve) => {
    const options = { timeout: answerMs, killSignal: 'SIGKILL', maxBuffer: longestAnswer } as const;
    execFile(node, args, options, (error, stdout, stderr) => {
      const failed = error === null ? null : (firstLine(stderr) ?? error.message);
      resolve({ out: error === null ? stdout : stdout + stderr, failed });
    });
  });
}

/** Of what Node prints of an error, the line that names it. */
function firstLine(text: string): string | null {
  const lines = text.split('\n');
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.find((line) => line.trim() !== '') ?? null;
}

function parsed(text: string): { readonly version: string; readonly router: string } | null {
  try {
    const { version, router } = JSON.parse(text) as { version?: unknown; router?: unknown };
    return typeof version === 'string' && typeof router === 'string' ? { version, router } : null;
  } catch {
    return null;
  }
}
