import type * as v from 'valibot';
import type { ErrorCode } from '../../../errors.ts';
import { commandResult, groupResult, rollbackResult } from '../answers/results.ts';
import {
  approveBody,
  deployBody,
  groupDeployBody,
  plainBody,
  promoteBody,
  rejectBody,
  seenApproveBody,
  seenBody,
  seenPromoteBody,
  seenRejectBody,
} from '../bodies.ts';
import type { Role, Route } from '../route.ts';
import { none, ofApp, ofGroup, refusals, versionRefusals } from './parts.ts';

interface Command<B extends v.GenericSchema> {
  readonly says: string;
  readonly body: B;
  readonly role?: Role;
  readonly errors?: readonly ErrorCode[];
}

const acting = { method: 'POST', tag: 'release', query: none, acts: true } as const;

/** A command to one app. */
const one = <const N extends string, B extends v.GenericSchema>(
  name: N,
  { says, body, role = 'deployer', errors = [] }: Command<B>,
) =>
  ({
    ...acting,
    role,
    about: 'app',
    path: `/v1/apps/:app/${name}`,
    says,
    params: ofApp,
    body,
    answer: { kind: 'json', schema: commandResult },
    errors: [...refusals, ...errors],
  }) as const;

/** The same to every app of a group, in one transaction. */
const together = <const N extends string, B extends v.GenericSchema>(
  name: N,
  { says, body, role = 'deployer', errors = [] }: Command<B>,
) =>
  ({
    ...acting,
    role,
    about: 'group',
    path: `/v1/groups/:group/${name}`,
    says,
    params: ofGroup,
    body,
    answer: { kind: 'json', schema: groupResult },
    errors: [...refusals, ...errors],
  }) as const;

/** Who waits for their turn is told when there will be none. */
const deployRefusals: readonly ErrorCode[] = [
  ...versionRefusals,
  'control-unavailable',
  'migration-open',
  'schema-contracted',
];

const plain = { body: plainBody };
const seen = { body: seenBody };
/** What lets a release past a gate, as `promote` does, too; what brings people back or holds it is for everyone who may deploy. */
const sign = { role: 'approver' } as const;

/** What moves releases. */
export const release = {
  deploy: one('deploy', {
    says: 'Starts a release of a version.',
    body: deployBody,
    errors: deployRefusals,
  }),
  promote: one('promote', {
    ...sign,
    says: 'Goes on now, past what the release waits for.',
    body: seenPromoteBody,
  }),
  approve: one('approve', { ...sign, says: 'Signs off the step at which it waits.', body: seenApproveBody }),
  reject: one('reject', { says: 'Refuses to sign it off: it aborts.', body: seenRejectBody }),
  abort: one('abort', { ...seen, says: 'Gives up a release that is not live.' }),
  retry: one('retry', {
    ...seen,
    says: 'The same version again.',
    errors: [...versionRefusals, 'migration-open'],
  }),
  rollback: one('rollback', {
    ...plain,
    says: 'Back to the version before, at once.',
    errors: versionRefusals,
  }),
  pause: one('pause', { ...seen, says: 'Holds a release where it is.' }),
  resume: one('resume', { ...seen, says: 'Lets it go on.' }),
  freeze: one('freeze', { ...seen, says: 'Nothing is deployed and no step advances until it is unfrozen.' }),
  unfreeze: one('unfreeze', { ...seen, ...sign, says: 'Ends a freeze.' }),
  contract: one('contract', {
    ...seen,
    says: 'Takes away from the database what only older versions need, or goes on with it after it has failed.',
  }),
  undo: one('undo', {
    ...seen,
    says: 'Takes back what a migration has added to the database, or goes on with it after it has failed.',
  }),
  'group-deploy': together('deploy', {
    says: 'Starts a release of several apps as one.',
    body: groupDeployBody,
    errors: deployRefusals,
  }),
  'group-promote': together('promote', { ...sign, says: 'Goes on now, all of them.', body: promoteBody }),
  'group-approve': together('approve', { ...sign, says: 'Signs off their step.', body: approveBody }),
  'group-reject': together('reject', { says: 'Refuses to: all abort.', body: rejectBody }),
  'group-abort': together('abort', { ...plain, says: 'Gives up their release.' }),
  'group-retry': together('retry', {
    ...plain,
    says: 'The same versions again.',
    errors: [...versionRefusals, 'migration-open'],
  }),
  'group-rollback': together('rollback', {
    ...plain,
    says: 'All of them back, in one switch.',
    errors: versionRefusals,
  }),
  'group-pause': together('pause', { ...plain, says: 'Holds their release where it is.' }),
  'group-resume': together('resume', { ...plain, says: 'Lets it go on.' }),
  'group-freeze': together('freeze', { ...plain, says: 'Freezes all of them.' }),
  'group-unfreeze': together('unfreeze', { ...plain, ...sign, says: 'Ends their freeze.' }),
  'rollback-all': {
    ...acting,
    role: 'deployer',
    about: 'all',
    path: '/v1/rollback',
    says: 'Every app that has somewhere to go back to, in one switch; the others say why not.',
    params: none,
    body: plainBody,
    answer: { kind: 'json', schema: rollbackResult },
    errors: [],
  },
} as const satisfies Record<string, Route>;
