import type { EventView, LeaderView } from '../control/contract.ts';
import type { Control } from '../control/running.ts';
import type { FollowOptions } from '../control/upgrade/follow.ts';
import { succeedsVariable } from '../control/upgrade/next-process.ts';
import { renderBlock } from './render/block.ts';
import { renderEvent } from './render/event.ts';
import type { LocalFlags, Context } from './shell/context.ts';
import { interruptedExit, onInterrupt } from './shell/interrupt.ts';
import { renderLeader } from './render/leader.ts';
import { findConfig } from './shell/locate.ts';
import type { View } from './shell/terminal.ts';
import { upTexts } from './text.ts';

export interface UpFlags extends LocalFlags {
  readonly store?: string;
}

/**
 * Runs Teal in the foreground. Ctrl-C drains and stops everything; SIGTERM, as service managers send it, stops only
 * the control plane, so that it can be replaced while the router and the instances go on serving.
 */
export async function up(this: Context, flags: UpFlags): Promise<void> {
  const { terminal, json } = this;
  const file = findConfig(flags.config, this);
  const options = {
    file,
    log: json ? ('json' as const) : ('pretty' as const),
    ...(flags.store === undefined ? {} : { store: flags.store }),
    onEvent: (event: EventView) =>
      terminal.out(json ? JSON.stringify(event) : renderEvent(event, terminal.view)),
    onLeader: (leader: LeaderView) =>
      terminal.out(json ? JSON.stringify({ leader }) : renderLeader(leader, terminal.view)),
  };
  if (this.env[succeedsVariable] !== undefined && process.connected) return await takeOver(options);
  const force = new AbortController();
  using interrupt = onInterrupt(['SIGINT', 'SIGTERM'], () => force.abort());
  const { Holder } = await import('../control/upgrade/holder.ts');
  const args = [
    '--config',
    file,
    ...(flags.store === undefined ? [] : ['--store', flags.store]),
    ...(json ? ['--json'] : []),
    ...(flags.noColor === true ? ['--no-color'] : []),
  ];
  const holder = await Holder.start({ ...options, args });
  if (json) terminal.out(JSON.stringify({ up: facts(file, holder.first) }));
  else terminal.out(welcome(file, holder.first, terminal.view));
  const by = await Promise.race([aborted(interrupt.signal), holder.ended.then(() => 'api')]);
  // Asked over the API (teal down): it has stopped already what it was to stop.
  if (by === 'api') return;
  await stop(this, holder, { everything: interrupt.signal.reason !== 'SIGTERM', signal: force.signal });
}

/** Started by a `teal up` that is being upgraded: that one passes signals on. */
async function takeOver(options: FollowOptions): Promise<void> {
  const { follow } = await import('../control/upgrade/follow.ts');
  // Nobody that is started from here is meant by it.
  delete process.env[succeedsVariable];
  // Told by a person, once it has begun to stop: by force.
  using interrupt = onInterrupt(['SIGINT']);
  process.on('SIGTERM', () => {});
  await follow(options, interrupt.signal, {
    send: (message) => {
      if (process.connected) process.send?.(message, undefined, undefined, () => {});
    },
    onMessage: (receive) => process.on('message', receive),
    onGone: (left) => process.on('disconnect', left),
  });
  if (process.connected) process.disconnect?.();
}

async function stop(
  context: Context,
  holder: Pick<Control, 'stop'>,
  how: { readonly everything: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const say = (text: string): void => {
    if (!context.json) context.terminal.note(text);
  };
  say(how.everything ? upTexts.stopping : upTexts.leaving);
  await holder.stop(how);
  if (how.signal.aborted) context.exit = interruptedExit;
  else if (how.everything) say(upTexts.stopped);
}

function facts(file: string, { urls, socket, url, leader }: Control) {
  const who = leader === null ? {} : { leader };
  return { urls, socket, control: url, config: file, pid: process.pid, ...who };
}

function welcome(file: string, control: Control, view: View): string {
  const { leader } = control;
  const standsBy = leader !== null && leader.name !== leader.answeredBy;
  return renderBlock(
    {
      state: 'ok',
      label: standsBy ? 'Teal stands by' : 'Teal is up',
      value: standsBy
        ? `for ${leader.name ?? 'the next leader'}`
        : control.urls.length === 0
          ? 'no address yet'
          : control.urls.join('  '),
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
