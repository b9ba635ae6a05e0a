import * as v from 'valibot';
import { TealError } from '../../errors.ts';

/** What the API takes; anything else is refused with the path and what was expected. */
const onConflict = v.picklist(['refuse', 'queue', 'wait', 'supersede']);

export const commandBody = v.strictObject({
  reason: v.exactOptional(v.pipe(v.string(), v.maxLength(2000))),
  version: v.exactOptional(v.pipe(v.string(), v.maxLength(200))),
  versions: v.exactOptional(v.record(v.string(), v.pipe(v.string(), v.maxLength(200)))),
  from: v.exactOptional(v.pipe(v.string(), v.maxLength(4096))),
  promote: v.exactOptional(v.picklist(['auto', 'manual'])),
  onConflict: v.exactOptional(onConflict),
  lease: v.exactOptional(v.pipe(v.string(), v.maxLength(64))),
  step: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  full: v.exactOptional(v.boolean()),
  role: v.exactOptional(v.pipe(v.string(), v.maxLength(64))),
  instances: v.exactOptional(v.number()),
  on: v.exactOptional(v.boolean()),
  message: v.exactOptional(v.pipe(v.string(), v.maxLength(2000))),
});

const words = v.record(v.string(), v.pipe(v.string(), v.maxLength(4096)));

export const explainBody = v.strictObject({
  user: v.exactOptional(v.pipe(v.string(), v.minLength(1), v.maxLength(512))),
  groups: v.exactOptional(v.array(v.pipe(v.string(), v.maxLength(512)))),
  headers: v.exactOptional(words),
  cookies: v.exactOptional(words),
  ip: v.exactOptional(v.pipe(v.string(), v.ip())),
  country: v.exactOptional(v.pipe(v.string(), v.regex(/^[A-Za-z]{2}$/))),
  region: v.exactOptional(v.pipe(v.string(), v.regex(/^[A-Za-z]{2}-[A-Za-z0-9]{1,3}$/))),
});

export const planBody = v.strictObject({
  version: v.pipe(v.string(), v.maxLength(200)),
  promote: v.exactOptional(v.picklist(['auto', 'manual'])),
  log: v.exactOptional(v.pipe(v.string(), v.regex(/^(?:\/|upload:)/), v.maxLength(4096))),
});

export const groupPlanBody = v.strictObject({
  ...planBody.entries,
  version: v.exactOptional(v.pipe(v.string(), v.maxLength(200))),
  versions: v.exactOptional(v.record(v.string(), v.pipe(v.string(), v.maxLength(200)))),
});

export const applyBody = v.strictObject({
  /** The one that Teal was started with when left out. */
  file: v.exactOptional(v.string()),
  dryRun: v.exactOptional(v.boolean()),
});

export const rollbackBody = v.strictObject({
  reason: v.exactOptional(v.pipe(v.string(), v.maxLength(2000))),
});

export const leaseBody = v.strictObject({
  of: v.pipe(v.string(), v.maxLength(64)),
  version: v.exactOptional(v.pipe(v.string(), v.maxLength(200))),
  onConflict: v.exactOptional(onConflict),
});

export const stopBody = v.strictObject({ everything: v.boolean() });

/** Where the schema's own words are a pattern, or none. */
const expectations: Readonly<Record<string, string>> = {
  ip: 'an IPv4 or IPv6 address',
  country: 'two letters such as DE',
  region: 'a code such as DE-BY',
  log: 'an absolute path',
};

/** @throws TealError `usage` */
export function parse<T>(schema: v.GenericSchema<unknown, T>, body: unknown): T {
  const result = v.safeParse(schema, body);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue) ?? 'the body';
  throw new TealError(
    'usage',
    `${path}: expected ${expectations[path] ?? issue.expected ?? 'something else'}, got ${issue.received}.`,
    {
      remedy: 'correct it; the commands are in docs/cli.md',
      details: { path },
    },
  );
}
