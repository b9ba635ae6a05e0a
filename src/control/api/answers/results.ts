import * as v from 'valibot';
import type {
  ApplyResult,
  Check,
  CommandResult,
  GroupResult,
  LeaseView,
  PreviewLink,
  RollbackResult,
} from '../../contract.ts';
import { colour, error, exactly, flag, or, text, time } from './exactly.ts';
import { appStatus } from './status.ts';

const did = v.pipe(text, v.description('One sentence: what was done.'));

const note = v.pipe(or(text), v.description('What of it no event tells; null: nothing.'));

export const commandResult = exactly<CommandResult>()(v.strictObject({ did, note, app: appStatus }));

export const groupResult = exactly<GroupResult>()(
  v.strictObject({ group: text, apps: v.array(v.strictObject({ app: appStatus, did, note })) }),
);

export const rollbackResult = exactly<RollbackResult>()(
  v.strictObject({
    apps: v.array(
      v.union([
        v.strictObject({ app: appStatus, did, note, error: v.null() }),
        v.strictObject({ app: appStatus, did: v.null(), note: v.null(), error }),
      ]),
    ),
  }),
);

export const applyResult = exactly<ApplyResult>()(
  v.strictObject({
    changes: v.array(
      v.strictObject({
        app: text,
        path: v.pipe(text, v.description('In teal.yaml, such as run.process.instances.')),
        before: or(text),
        after: or(text),
        effect: v.picklist(['now', 'next release', 'restart of teal']),
      }),
    ),
    applied: flag,
  }),
);

export const previewLink = exactly<PreviewLink>()(
  v.strictObject({
    app: text,
    version: text,
    colour,
    url: text,
    header: v.strictObject({ name: text, value: text }),
    expiresAt: time,
  }),
);

export const leaseView = exactly<LeaseView>()(
  v.strictObject({
    id: v.pipe(text, v.description('Whoever knows it may go on with it.')),
    apps: v.array(text),
    actor: text,
    version: or(text),
    since: time,
    expiresAt: v.pipe(time, v.description('Unless its owner is heard of before.')),
  }),
);

export const check = exactly<Check>()(
  v.strictObject({
    name: text,
    state: v.picklist(['ok', 'warning', 'failed']),
    says: text,
    remedy: or(text),
  }),
);
