import * as v from 'valibot';
import { applyResult, commandResult, leaseView } from '../answers/results.ts';
import { nothing, stopping, upgradeResult } from '../answers/teal.ts';
import {
  applyBody,
  leaseBody,
  maintenanceBody,
  plainBody,
  scaleBody,
  stopBody,
  upgradeBody,
} from '../bodies.ts';
import type { Route } from '../route.ts';
import { none, ofApp, refusals } from './parts.ts';

const acting = { method: 'POST', tag: 'operate', query: none, acts: true } as const;
/** Not to be done once: who asks again for what they have not been given wants to be told so. */
const leasing = { method: 'POST', tag: 'operate', query: none } as const;
const ofLease = v.strictObject({ id: v.pipe(v.string(), v.minLength(1), v.maxLength(64)) });
const nothingElse = v.strictObject({});
const ofOne = {
  ...acting,
  about: 'app',
  params: ofApp,
  answer: { kind: 'json', schema: commandResult },
} as const;

/** What changes an app or the installation beside releases. */
export const operate = {
  scale: {
    ...ofOne,
    role: 'deployer',
    path: '/v1/apps/:app/scale',
    says: 'Sets how many instances of a role run.',
    body: scaleBody,
    errors: refusals,
  },
  restart: {
    ...ofOne,
    role: 'deployer',
    path: '/v1/apps/:app/restart',
    says: 'Replaces the instances one after the other.',
    body: plainBody,
    errors: refusals,
  },
  maintenance: {
    ...ofOne,
    role: 'deployer',
    path: '/v1/apps/:app/maintenance',
    says: 'Puts a maintenance page in front of an app, or takes it away.',
    body: maintenanceBody,
    errors: refusals,
  },
  'rotate-keys': {
    ...ofOne,
    role: 'admin',
    path: '/v1/apps/:app/rotate-keys',
    says: 'A new key signs cookies and previews; older ones verify until what they signed expires.',
    body: plainBody,
    errors: [...refusals, 'router-unavailable'],
  },
  remove: {
    ...ofOne,
    role: 'admin',
    path: '/v1/apps/:app/remove',
    says: 'Stops an app and takes it out of the routers.',
    body: plainBody,
    errors: refusals,
  },
  apply: {
    ...acting,
    role: 'deployer',
    about: 'all',
    path: '/v1/apply',
    says: 'Puts teal.yaml in force, all of it or nothing; traffic does not move.',
    params: none,
    body: applyBody,
    answer: { kind: 'json', schema: applyResult },
    errors: [
      'config-not-found',
      'config-invalid',
      'route-conflict',
      'flag-in-use',
      'limits-unsupported',
      'wrong-state',
      'secret-missing',
    ],
  },
  lease: {
    ...leasing,
    role: 'deployer',
    about: 'own',
    path: '/v1/leases',
    says: 'To be the only one who makes a deploy of an app or a group ready.',
    params: none,
    body: leaseBody,
    answer: { kind: 'json', schema: leaseView },
    errors: ['app-unknown', 'deploy-leased', 'control-unavailable'],
  },
  'renew-lease': {
    ...leasing,
    role: 'deployer',
    about: 'own',
    path: '/v1/leases/:id',
    says: 'Its owner is still there.',
    params: ofLease,
    body: nothingElse,
    answer: { kind: 'json', schema: leaseView },
    errors: ['deploy-leased'],
  },
  'end-lease': {
    ...leasing,
    method: 'DELETE',
    role: 'deployer',
    about: 'own',
    path: '/v1/leases/:id',
    says: 'Gives it back.',
    params: ofLease,
    answer: { kind: 'json', schema: nothing },
    errors: [],
  },
  stop: {
    ...acting,
    role: 'admin',
    about: 'all',
    path: '/v1/stop',
    says: 'Ends the control plane, and with `everything` all that it runs.',
    params: none,
    body: stopBody,
    answer: { kind: 'json', schema: stopping },
    errors: [],
  },
  upgrade: {
    ...acting,
    role: 'admin',
    about: 'all',
    path: '/v1/upgrade',
    says: 'Replaces routers and control plane by those of another program, while they serve. Only by the socket.',
    params: none,
    body: upgradeBody,
    answer: { kind: 'json', schema: upgradeResult },
    errors: ['upgrade-failed', 'wrong-state', 'already-running', 'router-unavailable', 'port-taken'],
  },
} as const satisfies Record<string, Route>;
