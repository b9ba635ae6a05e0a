import { run } from '@stricli/core';
import { buildApp } from './app.ts';
import { report, type Context } from './shell/context.ts';
import { openTerminal, type Streams } from './shell/terminal.ts';
import { UsageProblems } from './shell/usage.ts';
import { rootHelp } from './text.ts';

/** Runs one command line. @returns the exit code */
export async function runCli(
  argv: readonly string[],
  streams: Streams & { readonly cwd: string },
): Promise<number> {
  const own = ownFlags(argv);
  const terminal = openTerminal(streams, own.has('--no-color'));
  const args = rewrite(argv);
  if (args === null) {
    terminal.out(rootHelp());
    return 0;
  }
  const problems = new UsageProblems(args);
  // The parser's own complaints are collected and told in our form; its help goes to stdout as it is.
  const io = {
    stdout: { write: (text: string): void => terminal.out(text.replace(/\n$/, '')) },
    stderr: { write: (): void => undefined },
    exitCode: null as string | number | null,
  };
  const context: Context & { process: typeof io } = {
    process: io,
    terminal,
    env: streams.env,
    cwd: streams.cwd,
    json: own.has('--json'),
    exit: 0,
  };
  await run(buildApp(problems.text), args, context);
  if (io.exitCode === 0) return context.exit;
  return report(context, problems.error());
}

/** Those before `--` are ours; they are needed before the parser has run, for its own complaints. */
function ownFlags(argv: readonly string[]): ReadonlySet<string> {
  const end = argv.indexOf('--');
  return new Set(end === -1 ? argv : argv.slice(0, end));
}

/** What people type for help and version everywhere; null: the help of teal itself. */
function rewrite(argv: readonly string[]): readonly string[] | null {
  const [first, ...rest] = argv;
  if (first === undefined) return null;
  if (['--help', '-h', 'help'].includes(first)) return rest.length === 0 ? null : [...rest, '--help'];
  if (['--version', '-v', '-V'].includes(first)) return ['version', ...rest];
  return argv;
}
