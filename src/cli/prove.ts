import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import { TealError } from '../errors.ts';
import { runLoad, type Load } from '../load/load.ts';
import type { LoadReport } from '../load/report.ts';
import { parseTarget } from '../load/shape.ts';
import { renderProof, type Ran } from './render/proof.ts';
import type { LocalFlags, Context, Result } from './shell/context.ts';
import { interruptedExit, onInterrupt } from './shell/interrupt.ts';
import { pause } from './shell/watch.ts';

export interface ProveFlags extends LocalFlags {
  readonly rps?: number;
  readonly connections?: number;
  readonly for?: number;
  readonly during?: string;
  readonly versionHeader?: string;
}

/** Long enough for some hundred requests to compare with, short enough to wait for. */
const quietMs = 2000;
/** A listener on another machine answers within this, or is not there. */
const knockTimeoutMs = 5000;

/** Sends requests on a fixed clock while a command runs (or for a time), and tells what became of every one. */
export async function prove(this: Context, flags: ProveFlags, url: string): Promise<Result> {
  await knock(url);
  const force = new AbortController();
  using interrupt = onInterrupt(['SIGINT', 'SIGTERM'], () => force.abort());
  const load = runLoad({
    url,
    rps: flags.rps ?? 200,
    connections: Math.ceil(flags.connections ?? 16),
    ...(flags.versionHeader === undefined ? {} : { versionHeader: flags.versionHeader }),
  });
  const ran = await windows(this, flags, { load, signal: interrupt.signal, force: force.signal });
  const report = await load.stop();
  const { samples: _, ...counts } = report;
  const error = verdict(report, ran);
  const interrupted = interrupt.signal.aborted;
  const missed = interrupted && ran === null ? (flags.during ?? null) : null;
  return {
    json: { ...counts, during: ran, interrupted, error: error?.toJSON() ?? null },
    text: (view) => renderProof({ report, ran, interrupted, missed, error }, view),
    // What was cut short proves nothing, however well it went until then.
    exit: interrupted ? interruptedExit : error === null ? 0 : 1,
  };
}

interface UnderLoad {
  readonly load: Load;
  /** The first Ctrl-C: wind down. */
  readonly signal: AbortSignal;
  /** The second: at once. */
  readonly force: AbortSignal;
}

/** `before`, `during`, `after` around a command; one window without it. */
async function windows(context: Context, flags: ProveFlags, under: UnderLoad): Promise<Ran | null> {
  const { load, signal } = under;
  if (flags.during === undefined) {
    load.mark('steady');
    await pause(flags.for ?? 10_000, signal);
    return null;
  }
  load.mark('before');
  await pause(quietMs, signal);
  load.mark('during');
  const ran = signal.aborted ? null : await runCommand(context, flags.during, under);
  load.mark('after');
  await pause(quietMs, signal);
  return ran;
}

/** The command's output goes to stderr, indented, so that stdout stays the result's. */
function runCommand(context: Context, command: string, under: UnderLoad): Promise<Ran> {
  const startedAt = performance.now();
  context.terminal.note(`$ ${command}`);
  return new Promise((resolve, reject) => {
    // In a group of its own: a signal then reaches all that the shell started, and nothing is left behind.
    const child = spawn(command, {
      shell: true,
      detached: true,
      cwd: context.cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    under.signal.addEventListener('abort', () => kill(child.pid, 'SIGINT'));
    under.force.addEventListener('abort', () => kill(child.pid, 'SIGKILL'));
    for (const stream of [child.stdout, child.stderr]) indent(stream, context);
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ command, code, signal, ms: performance.now() - startedAt }),
    );
  });
}

function kill(group: number | undefined, signal: NodeJS.Signals): void {
  if (group === undefined) return;
  try {
    process.kill(-group, signal);
  } catch {
    // It has ended by itself.
  }
}

function indent(stream: Readable, { terminal }: Context): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) terminal.note(`  ${line}`);
  });
  stream.on('end', () => {
    if (rest !== '') terminal.note(`  ${rest}`);
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
