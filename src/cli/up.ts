import type { EventView } from '../control/contract.ts';
import { TealError } from '../errors.ts';
import { renderBlock } from './render/block.ts';
import { renderEvent } from './render/event.ts';
import type { CommonFlags, Context } from './shell/context.ts';
import { interruptedExit, onInterrupt } from './shell/interrupt.ts';
import { findConfig } from './shell/locate.ts';
import type { View } from './shell/terminal.ts';
import { upTexts } from './text.ts';

/** A running Teal: control plane, router and instances. */
interface Control {
  readonly urls: readonly string[];
  readonly socket: string;
  stop(options: { readonly everything: boolean; readonly signal?: AbortSignal }): Promise<void>;
}

interface ControlOptions {
  readonly file: string;
  readonly log: 'pretty' | 'json' | 'silent';
  readonly onEvent?: (event: EventView) => void;
}

type StartControl = (options: ControlOptions) => Promise<Control>;

/**
 * Runs Teal in the foreground. Ctrl-C drains and stops everything; SIGTERM, as service managers send it, stops only
 * the control plane, so that it can be replaced while the router and the instances go on serving.
 */
export async function up(this: Context, flags: CommonFlags): Promise<void> {
  const { terminal, json } = this;
  const file = findConfig(flags.config, this);
  const force = new AbortController();
  using interrupt = onInterrupt(['SIGINT', 'SIGTERM'], () => force.abort());
  const startControl = await loadControl();
  const control = await startControl({
    file,
    log: json ? 'json' : 'pretty',
    onEvent: (event) => terminal.out(json ? JSON.stringify(event) : renderEvent(event, terminal.view)),
  });
  if (json) terminal.out(JSON.stringify({ up: facts(file, control) }));
  else terminal.out(welcome(file, control, terminal.view));
  await aborted(interrupt.signal);
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

function facts(file: string, { urls, socket }: Control) {
  return { urls, socket, config: file, pid: process.pid };
}

function welcome(file: string, control: Control, view: View): string {
  return renderBlock(
    {
      state: 'ok',
      label: 'Teal is up',
      value: control.urls.length === 0 ? 'no address yet' : control.urls.join('  '),
      rows: [
        ['Config', file],
        ['Stop', upTexts.hint],
        ['Next', 'in another terminal: teal status'],
      ],
    },
    view,
  );
}

async function loadControl(): Promise<StartControl> {
  const name: string = '../control/control.ts';
  const module = (await import(name)) as { readonly startControl?: StartControl };
  if (module.startControl === undefined)
    throw new TealError('internal', 'The control plane is missing', { remedy: 'Report it' });
  return module.startControl;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
