import type { Control } from '../control/control.ts';
import { renderBlock } from './render/block.ts';
import { renderEvent } from './render/event.ts';
import type { LocalFlags, Context } from './shell/context.ts';
import { interruptedExit, onInterrupt } from './shell/interrupt.ts';
import { findConfig } from './shell/locate.ts';
import type { View } from './shell/terminal.ts';
import { upTexts } from './text.ts';

/**
 * Runs Teal in the foreground. Ctrl-C drains and stops everything; SIGTERM, as service managers send it, stops only
 * the control plane, so that it can be replaced while the router and the instances go on serving.
 */
export async function up(this: Context, flags: LocalFlags): Promise<void> {
  const { terminal, json } = this;
  const file = findConfig(flags.config, this);
  const force = new AbortController();
  using interrupt = onInterrupt(['SIGINT', 'SIGTERM'], () => force.abort());
  const { startControl } = await import('../control/control.ts');
  const control = await startControl({
    file,
    log: json ? 'json' : 'pretty',
    onEvent: (event) => terminal.out(json ? JSON.stringify(event) : renderEvent(event, terminal.view)),
  });
  if (json) terminal.out(JSON.stringify({ up: facts(file, control) }));
  else terminal.out(welcome(file, control, terminal.view));
  const by = await Promise.race([aborted(interrupt.signal), control.ended.then(() => 'api')]);
  // Asked over the API (teal down): it has stopped already what it was to stop.
  if (by === 'api') return;
  await stop(this, control, { everything: interrupt.signal.reason !== 'SIGTERM', signal: force.signal });
}

async function stop(
  context: Context,
  control: Control,
  how: { readonly everything: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const say = (text: string): void => {
    if (!context.json) context.terminal.note(text);
  };
  say(how.everything ? upTexts.stopping : upTexts.leaving);
  await control.stop(how);
  if (how.signal.aborted) context.exit = interruptedExit;
  else if (how.everything) say(upTexts.stopped);
}

function facts(file: string, { urls, socket, url }: Control) {
  return { urls, socket, control: url, config: file, pid: process.pid };
}

function welcome(file: string, control: Control, view: View): string {
  return renderBlock(
    {
      state: 'ok',
      label: 'Teal is up',
      value: control.urls.length === 0 ? 'no address yet' : control.urls.join('  '),
      rows: [
        ['Config', file],
        ['Control', control.url],
        ['Stop', upTexts.hint],
        ['Next', 'in another terminal: teal status'],
      ],
    },
    view,
  );
}

/** @returns the name of the signal */
function aborted(signal: AbortSignal): Promise<string> {
  if (signal.aborted) return Promise.resolve(String(signal.reason));
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(String(signal.reason)), { once: true });
  });
}
