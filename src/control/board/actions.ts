import type { AccessRole } from '../../config/control.ts';
import { decideTogether, type GroupDecision } from '../../release/group-orders.ts';
import type { Command } from '../../release/input.ts';
import { open } from '../../release/migrate.ts';
import { harmOf } from '../../release/migrate-harm.ts';
import type { AppState } from '../../release/state.ts';
import { mayAs } from '../access/role.ts';
import { commandRoles } from '../access/needs.ts';
import type { CommandName } from '../contract.ts';
import type { ActionView } from './contract.ts';

/** Who asks, as far as it matters. */
export interface Asker {
  readonly actor: string;
  readonly role: AccessRole;
}

interface Offer {
  readonly id: string;
  readonly command: CommandName & Command['type'];
  readonly label: string;
  readonly does: string;
  readonly body?: ActionView['body'];
  readonly needsReason?: boolean;
  readonly confirm?: string;
}

/** What could be done to an app now. Each is decided as it would be if it were asked for, but nothing is kept of it. */
export function actionsOf(
  states: readonly AppState[],
  app: string,
  { actor, role, now }: Asker & { readonly now: number },
): readonly ActionView[] {
  const state = states.find((each) => each.app === app);
  if (state === undefined) return [];
  return [...offers(state), ...databaseOffers(state)].map((offer) => {
    const { id, command, label, does, body = {}, needsReason = false, confirm = null } = offer;
    const needed = commandRoles[command];
    const input = inputOf(command, body);
    const refusal = mayAs(role, needed)
      ? refusalOf(decideTogether(states, { app, input }, { now, actor }), app)
      : {
          says: `This needs the role ${needed}; you are ${role}.`,
          remedy: `ask somebody who is ${needed}`,
        };
    return {
      id,
      label,
      does,
      body,
      needsReason,
      confirm,
      refusal,
      path: `/v1/apps/${encodeURIComponent(app)}/${command}`,
      heedsSeen: command !== 'rollback',
    };
  });
}

/** What would do nothing is no offer either. */
function refusalOf({ refused, decisions }: GroupDecision, app: string): ActionView['refusal'] {
  if (refused !== undefined) return { says: refused.message, remedy: refused.remedy };
  const own = decisions.get(app);
  if (own === undefined || own.events.length > 0 || own.note === undefined) return null;
  return { says: `${own.note.charAt(0).toUpperCase()}${own.note.slice(1)}.`, remedy: '' };
}

function offers(state: AppState): readonly Offer[] {
  const { release, frozen } = state;
  const step = { step: release?.cursor ?? 0 };
  const version = release?.build.version ?? 'it';
  const back = release?.from ?? state.lives.at(-2)?.version ?? 'the version before';
  const harm = harmOf(state, back);
  const held = release?.pausedAt != null;
  return [
    {
      id: 'rollback',
      command: 'rollback',
      label: 'Roll back',
      does: `everyone goes back to ${back}, at once${harm === null ? '' : `; but ${harm}`}`,
    },
    { id: 'approve', command: 'approve', label: 'Approve', does: 'signs off the step that asks', body: step },
    {
      id: 'reject',
      command: 'reject',
      label: 'Reject',
      does: 'the release is aborted',
      body: step,
      needsReason: true,
    },
    { id: 'promote', command: 'promote', label: 'Promote', does: 'goes on now, past what it waits for' },
    {
      id: 'promote-full',
      command: 'promote',
      label: 'Promote fully',
      does: `skips the steps that are left: everyone gets ${version}`,
      body: { full: true },
    },
    held
      ? { id: 'resume', command: 'resume', label: 'Resume', does: 'lets it go on' }
      : { id: 'pause', command: 'pause', label: 'Pause', does: 'holds the release where it is' },
    {
      id: 'abort',
      command: 'abort',
      label: 'Abort',
      does: `gives ${version} up; everyone stays on what is live`,
    },
    { id: 'retry', command: 'retry', label: 'Retry', does: `releases ${version} again` },
    frozen === null
      ? { id: 'freeze', command: 'freeze', label: 'Freeze', does: 'nothing is deployed and no step advances' }
      : { id: 'unfreeze', command: 'unfreeze', label: 'Unfreeze', does: 'ends the freeze' },
  ];
}

/** What has been contracted or undone needs no button. */
function databaseOffers(state: AppState): readonly Offer[] {
  const migration = open(state);
  if (migration === null) return [];
  const { name, build, olds, phases } = migration;
  const old = olds.length === 0 ? 'older versions' : olds.join(' and ');
  const contract: Offer = {
    id: 'contract',
    command: 'contract',
    label: 'Contract',
    does: `takes away from the database what ${build.version} does not need`,
    confirm: `Contract ${name}? What ${build.version} does not need is dropped: ${old} may fail on the database from then on, also after a rollback.`,
  };
  const undo: Offer = {
    id: 'undo',
    command: 'undo',
    label: 'Undo',
    does: `takes back what ${name} has added`,
    confirm: `Undo ${name}? What it has added is dropped. What only ${build.version} has written is kept aside.`,
  };
  return phases.includes('undo') ? [contract, undo] : [contract];
}

function inputOf(command: Offer['command'], { full = false, step = 0 }: ActionView['body']): Command {
  switch (command) {
    case 'promote':
      return { type: 'promote', full };
    case 'approve':
      return { type: 'approve', step };
    case 'reject':
      return { type: 'reject', step, reason: '' };
    case 'rollback':
    case 'abort':
    case 'freeze':
      return { type: command, reason: null };
    case 'pause':
    case 'resume':
    case 'retry':
    case 'unfreeze':
    case 'contract':
    case 'undo':
      return { type: command };
    default:
      throw new Error(`${command} is not offered`);
  }
}
