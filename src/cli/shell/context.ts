import type { CommandContext } from '@stricli/core';
import { errorCodes, TealError } from '../../errors.ts';
import { renderError } from '../render/error.ts';
import type { Terminal, View } from './terminal.ts';

/** Flags that every command has. */
export interface LocalFlags {
  readonly json?: boolean;
  readonly noColor?: boolean;
  readonly config?: string;
}

/** Flags of every command that asks a control plane, wherever that is. */
export interface CommonFlags extends LocalFlags {
  readonly server?: string;
  readonly context?: string;
}

/** Flags of a command that goes into the history with its reason. */
export interface ReasonFlags extends CommonFlags {
  readonly reason?: string;
}

/** What a command gets as `this`. */
export interface Context extends CommandContext {
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** `--json`: one JSON document on stdout (one per line when following), and nothing else there. */
  readonly json: boolean;
  /** Set by a command: the exit code. */
  exit: number;
}

/** What a command has to say: data for machines, and the same as text. */
export interface Result {
  readonly json: unknown;
  readonly text: (view: View) => string;
  /** Default 0. */
  readonly exit?: number;
}

/** A command: returns its result, or nothing when it has written as it went along. @throws TealError */
export type Action<FLAGS, ARGS extends readonly unknown[]> = (
  this: Context,
  flags: FLAGS,
  ...args: ARGS
) => Promise<Result | void>;

/** Makes an action a stricli command: prints its result, turns what it throws into a message and an exit code. */
export function guard<FLAGS, ARGS extends readonly unknown[]>(
  action: Action<FLAGS, ARGS>,
): (this: Context, flags: FLAGS, ...args: ARGS) => Promise<void> {
  return async function run(flags, ...args) {
    try {
      const result = await action.call(this, flags, ...args);
      if (result === undefined) return;
      this.terminal.out(this.json ? JSON.stringify(result.json) : result.text(this.terminal.view));
      this.exit = result.exit ?? 0;
    } catch (thrown) {
      this.exit = report(this, thrown);
    }
  };
}

/** Says what failed, in the form asked for. @returns the exit code */
export function report(context: Pick<Context, 'terminal' | 'json'>, thrown: unknown): number {
  const error = thrown instanceof TealError ? thrown : bug(thrown);
  if (context.json) context.terminal.out(JSON.stringify({ error: error.toJSON() }));
  else context.terminal.note(renderError(error, context.terminal.noteView));
  return errorCodes[error.code].exit;
}

function bug(thrown: unknown): TealError {
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return new TealError('internal', `Teal has a bug: ${thrown instanceof Error ? thrown.message : stack}`, {
    remedy: 'Report it with the lines below; what is running is not touched by this.',
    details: { output: stack },
    cause: thrown,
  });
}
