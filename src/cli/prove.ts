import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { TealError } from '../errors.ts';
import { runLoad, type Load } from '../load/load.ts';
import type { LoadReport } from '../load/report.ts';
import { parseTarget } from '../load/shape.ts';
import { renderProof } from './render/proof.ts';
import type { CommonFlags, Context, Result } from './shell/context.ts';
import { onInterrupt } from './shell/interrupt.ts';
import { pause } from './shell/wait.ts';

export interface ProveFlags extends CommonFlags {
  readonly rps?: number;
  readonly connections?: number;
  readonly for?: number;
  readonly during?: string;
  readonly versionHeader?: string;
}

/** How the command that ran meanwhile ended. */
export interface Ran {
  readonly command: string;
  readonly code: number | null;
  readonly signal: string | null;
  readonly ms: number;
}

/** Long enough for some hundred requests to compare with, short enough to wait for. */
const quietMs = 2000;
/** A listener on another machine answers within this, or is not there. */
const knockTimeoutMs = 5000;

/** Sends requests on a fixed clock while a command runs (or for a time), and tells what became of every one. */
export async function prove(this: Context, flags: ProveFlags, url: string): Promise<Result> {
  await knock(url);
  using interrupt = onInterrupt(['SIGINT', 'SIGTERM']);
  const load = runLoad({
    url,
    rps: flags.rps ?? 200,
    connections: Math.ceil(flags.connections ?? 16),
    ...(flags.versionHeader === undefined ? {} : { versionHeader: flags.versionHeader }),
  });
  const ran = await windows(this, flags, { load, signal: interrupt.signal });
  const report = await load.stop();
  const { samples: _, ...counts } = report;
  return {
    json: { ...counts, during: ran, error: verdict(report, ran)?.toJSON() ?? null },
    text: (view) => renderProof({ report, ran, error: verdict(report, ran) }, view),
    exit: verdict(report, ran) === null ? 0 : 1,
  };
}

interface UnderLoad {
  readonly load: Load;
  readonly signal: AbortSignal;
}

/** `before`, `during`, `after` around a command; one window without it. */
async function windows(
  context: Context,
  flags: ProveFlags,
  { load, signal }: UnderLoad,
): Promise<Ran | null> {
  if (flags.during === undefined) {
    load.mark('steady');
    await pause(flags.for ?? 10_000, signal);
    return null;
  }
  load.mark('before');
  await pause(quietMs, signal);
  load.mark('during');
  const ran = signal.aborted ? null : await runCommand(context, flags.during);
  load.mark('after');
  await pause(quietMs, signal);
  return ran;
}

/** The command's output goes to stderr, indented, so that stdout stays the result's. */
function runCommand(context: Context, command: string): Promise<Ran> {
  const startedAt = performance.now();
  context.terminal.note(`$ ${command}`);
  return new Promise((resolve, reject) => {
    // Ctrl-C reaches it too: it is in the same foreground group of the terminal.
    const child = spawn(command, { shell: true, cwd: context.cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) context.terminal.note(`  ${line}`);
      });
      stream.on('end', () => {
        if (rest !== '') context.terminal.note(`  ${rest}`);
      });
    }
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ command, code, signal, ms: performance.now() - startedAt }),
    );
  });
}

/** What there is to complain about, or null. */
function verdict(report: LoadReport, ran: Ran | null): TealError | null {
  if (report.failed > 0) {
    return new TealError('requests-failed', `${report.failed} of ${report.sent} requests failed`, {
      remedy: 'Look at the kinds above, and at: teal history',
      details: { failures: report.failures, problems: report.problems },
    });
  }
  if (ran === null || ran.code === 0) return null;
  const how = ran.code === null ? `was ended by ${ran.signal}` : `ended with exit code ${ran.code}`;
  return new TealError('requests-failed', `No request was lost, but the command ${how}: ${ran.command}`, {
    remedy: 'Its output is above.',
    details: { code: ran.code, signal: ran.signal },
  });
}

/** A mistyped port is told at once, instead of by ten seconds of refused requests. */
async function knock(url: string): Promise<void> {
  const target = parseTarget(url);
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host: target.host, port: target.port, timeout: knockTimeoutMs });
    const fail = (why: string): void => {
      socket.destroy();
      reject(
        new TealError('target-unreachable', `Nothing answers at ${url} (${why})`, {
          remedy: 'Check host and port; what Teal serves is shown by: teal status',
          details: { url, why },
        }),
      );
    };
    socket.on('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.on('timeout', () => fail(`no connection within ${knockTimeoutMs / 1000} s`));
    socket.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
  });
}
