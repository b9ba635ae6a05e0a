import * as v from 'valibot';

/** What timers can wait for, and a little more than any drain.deadline can be: 24 days. */
const longestDrainMs = 2 ** 31 - 1;

const says = <const S extends v.GenericSchema<unknown, string>>(schema: S, text: string) =>
  v.pipe(schema, v.description(text));

const reason = v.exactOptional(says(v.pipe(v.string(), v.maxLength(2000)), 'Why, for the history.'));
const version = v.pipe(v.string(), v.maxLength(200));
const message = v.pipe(v.string(), v.maxLength(2000));
const promote = v.exactOptional(
  says(v.picklist(['auto', 'manual']), 'Instead of release.promote of teal.yaml.'),
);
const from = v.exactOptional(
  says(
    v.pipe(v.string(), v.maxLength(4096)),
    'A folder, an archive, or git:<ref>, on the machine of the control plane. Paths are absolute.',
  ),
);
const onConflict = v.exactOptional(
  says(
    v.picklist(['refuse', 'queue', 'wait', 'supersede']),
    'What to do while another release runs, or is made ready; refuse when left out. With wait the answer comes when it is done.',
  ),
);
const lease = v.exactOptional(
  says(
    v.pipe(v.string(), v.maxLength(64)),
    'The lease that it was made ready under; it ends with this request.',
  ),
);
const versions = v.pipe(
  v.record(v.string(), version),
  v.description('By app; those that are left out stay as they are.'),
);
const step = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(0),
  v.maxValue(Number.MAX_SAFE_INTEGER),
  v.description('release.step.index of the status that was looked at.'),
);

const seen = v.exactOptional(
  says(
    v.pipe(v.string(), v.maxLength(200)),
    '`stamp` of the board that was looked at: refused when the app has gone on since.',
  ),
);

/** What commands with nothing to say beyond why take. */
export const plainBody = v.strictObject({ reason });

/** The same of one app, by somebody who has looked at it. */
export const seenBody = v.strictObject({ reason, seen });

const deploying = { reason, from, promote, onConflict, lease };

export const deployBody = v.strictObject({ version, ...deploying });

export const groupDeployBody = v.strictObject({
  version: v.exactOptional(version),
  versions: v.exactOptional(versions),
  ...deploying,
});

export const promoteBody = v.strictObject({
  reason,
  full: v.exactOptional(v.pipe(v.boolean(), v.description('Skip the steps that are left.'))),
});

export const seenPromoteBody = v.strictObject({ ...promoteBody.entries, seen });

export const approveBody = v.strictObject({ reason, step });

export const seenApproveBody = v.strictObject({ ...approveBody.entries, seen });

export const rejectBody = v.strictObject({
  reason: says(v.pipe(v.string(), v.minLength(1), v.maxLength(2000)), 'What is wrong.'),
  step,
});

export const seenRejectBody = v.strictObject({ ...rejectBody.entries, seen });

export const scaleBody = v.strictObject({
  reason,
  role: v.exactOptional(says(v.pipe(v.string(), v.maxLength(64)), 'The first web role when left out.')),
  instances: v.number(),
});

export const maintenanceBody = v.strictObject({
  reason,
  on: v.boolean(),
  message: v.exactOptional(says(message, 'What people read meanwhile.')),
});

const words = v.record(v.string(), v.pipe(v.string(), v.maxLength(4096)));

export const explainBody = v.strictObject({
  user: v.exactOptional(
    says(
      v.pipe(v.string(), v.minLength(1), v.maxLength(512)),
      'Signed in as: whatever the identity of the app names first.',
    ),
  ),
  groups: v.exactOptional(v.array(v.pipe(v.string(), v.maxLength(512)))),
  headers: v.exactOptional(words),
  cookies: v.exactOptional(words),
  ip: v.exactOptional(v.pipe(v.string(), v.maxLength(64), v.ip())),
  country: v.exactOptional(v.pipe(v.string(), v.regex(/^[A-Za-z]{2}$/))),
  region: v.exactOptional(v.pipe(v.string(), v.regex(/^[A-Za-z]{2}-[A-Za-z0-9]{1,3}$/))),
  feature: v.exactOptional(
    says(v.pipe(v.string(), v.minLength(1), v.maxLength(100)), 'A feature flag: what they get of it.'),
  ),
});

const log = v.exactOptional(
  says(
    v.pipe(v.string(), v.regex(/^(?:\/|upload:)/), v.maxLength(4096)),
    'Absolute path of an access log on the machine of the control plane, or upload:… of one that was sent.',
  ),
);

export const planBody = v.strictObject({ version, promote, log });

export const groupPlanBody = v.strictObject({
  version: v.exactOptional(version),
  versions: v.exactOptional(versions),
  promote,
  log,
});

export const applyBody = v.strictObject({
  file: v.exactOptional(
    says(
      v.pipe(v.string(), v.minLength(1), v.maxLength(4096)),
      'Absolute path of teal.yaml on the machine of the control plane; the one it was started with when left out.',
    ),
  ),
  dryRun: v.exactOptional(v.pipe(v.boolean(), v.description('Only show the difference.'))),
});

export const leaseBody = v.strictObject({
  of: says(v.pipe(v.string(), v.maxLength(64)), 'An app, or a group.'),
  version: v.exactOptional(says(version, 'For others to see.')),
  onConflict,
});

export const stopBody = v.strictObject({
  everything: v.pipe(
    v.boolean(),
    v.description('Drain and stop the router and every instance, too; else they go on alone.'),
  ),
});

const absolutePath = v.pipe(v.string(), v.startsWith('/'), v.maxLength(4096));

export const upgradeBody = v.strictObject({
  program: says(absolutePath, 'bin/teal.js of a Teal on the machine of the control plane.'),
  node: says(absolutePath, 'What runs it.'),
  drainMs: v.exactOptional(
    v.pipe(
      v.number(),
      v.minValue(0),
      v.maxValue(longestDrainMs),
      v.description('For what is open; the longest drain.deadline of the apps when left out.'),
    ),
  ),
});

/** Where the schema's own words are a pattern, or none. */
export const expectations: Readonly<Record<string, string>> = {
  ip: 'an IPv4 or IPv6 address',
  country: 'two letters such as DE',
  region: 'a code such as DE-BY',
  log: 'an absolute path, or upload:…',
  program: 'an absolute path',
  node: 'an absolute path',
  name: 'up to 64 letters, digits and . _ @ + -, such as ci-main',
  'apps.*': 'the name of an app',
  id: 'what the sign-in began with',
  actor: 'a name of letters, digits and . _ @ + -, such as user:anna',
  expect: '64 hex digits, as teal audit verify shows them',
  'content-digest': 'sha-256=:<base64>: of what is sent (RFC 9530)',
  'x-teal-packed': 'folder, or nothing',
};
