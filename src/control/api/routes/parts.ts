import * as v from 'valibot';
import type { ErrorCode } from '../../../errors.ts';

/** Beside what a route names for itself. */
export const commonErrors: readonly ErrorCode[] = [
  'usage',
  'not-signed-in',
  'not-allowed',
  'too-many-requests',
  'request-timeout',
  'body-too-large',
  'unsupported-media-type',
  'internal',
  'busy',
  'store-unreadable',
  'store-conflict',
  'disk-full',
];

/** Of routes that heed `Idempotency-Key`. */
export const actErrors: readonly ErrorCode[] = ['key-reused', 'request-interrupted'];

/** What commands to releases are refused with. */
export const refusals: readonly ErrorCode[] = [
  'app-unknown',
  'version-unknown',
  'release-in-progress',
  'deploy-leased',
  'no-release',
  'wrong-state',
  'nothing-to-roll-back-to',
  'released-together',
  'already-live',
  'not-allowed',
  'frozen',
  'moved-on',
];

/** What putting a version in place adds to them. */
export const versionRefusals: readonly ErrorCode[] = [
  'version-exists',
  'version-changed',
  'version-source-invalid',
  'limits-unsupported',
  'directory-not-found',
  'secret-missing',
];

export const none = v.strictObject({});

/** Longer than any name that teal.yaml takes: what such a name gets is told apart from what no name can be. */
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
export const ofApp = v.strictObject({ app: name });
export const ofGroup = v.strictObject({ group: name });

export const whole = (says: string) =>
  v.exactOptional(
    v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER), v.description(says)),
  );

export const word = (says: string) =>
  v.exactOptional(v.pipe(v.string(), v.maxLength(200), v.description(says)));

export const follow = v.exactOptional(
  v.pipe(v.boolean(), v.description('Go on with what comes, until the client closes.')),
);

/** More would be read at once into memory; who wants all of a log follows it. */
const mostLines = 100_000;
export const lines = v.exactOptional(
  v.pipe(
    v.number(),
    v.integer(),
    v.minValue(0),
    v.maxValue(mostLines),
    v.description('How many of the last ones; 50 when left out.'),
  ),
);
