import type { AppStatus } from '../control/contract.ts';
import { TealError } from '../errors.ts';
import { connectControl } from './client.ts';
import { renderApp } from './render/status.ts';
import { renderDone } from './render/result.ts';
import type { Context, ReasonFlags, Result } from './shell/context.ts';
import { because } from './shell/simple.ts';
import { removeTexts } from './text.ts';

export interface RemoveFlags extends ReasonFlags {
  readonly yesRemove?: string;
}

/** Stops an app and takes it out of the routers: severe, so the name has to be given twice. */
export async function remove(this: Context, flags: RemoveFlags, app: string): Promise<Result> {
  const client = await connectControl(this, flags);
  const status = await client.app(app);
  if (!(await proved(this, flags, status))) {
    return { json: { did: removeTexts.kept(app), app: status }, text: () => removeTexts.kept(app), exit: 1 };
  }
  const result = await client.command(app, 'remove', because(flags.reason));
  return {
    json: result,
    text: (view) => renderDone({ command: 'remove', ...result, complete: false }, view),
  };
}

async function proved({ terminal }: Context, flags: RemoveFlags, status: AppStatus): Promise<boolean> {
  const { app } = status;
  if (flags.yesRemove === app) return true;
  if (flags.yesRemove !== undefined) {
    throw new TealError(
      'usage',
      `--yes-remove names ${JSON.stringify(flags.yesRemove)}, not ${JSON.stringify(app)}`,
      {
        remedy: `Give the same name: teal remove ${app} --yes-remove ${app}`,
      },
    );
  }
  if (!terminal.interactive) {
    throw new TealError('usage', `Removing ${app} stops everything it runs, and nobody can be asked here`, {
      remedy: `Prove that it is meant: teal remove ${app} --yes-remove ${app}`,
    });
  }
  terminal.note(renderApp(status, terminal.noteView));
  return (await terminal.ask(removeTexts.question(app))).trim() === app;
}
