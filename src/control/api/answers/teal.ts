import * as v from 'valibot';
import type { UpgradeResult, UpgradeView } from '../../upgrade/contract.ts';
import { count, error, errorCode, exactly, flag, number, or, text, time } from './exactly.ts';

/** What every refusal is: RFC 9457, with the codes of docs/errors.md. */
export const problem = v.strictObject({
  type: v.pipe(text, v.description('Where the code is told of: a path of this API.')),
  title: v.pipe(text, v.description('The code in words: the same for every refusal of this kind.')),
  status: v.pipe(count, v.description('As in the status line.')),
  detail: v.pipe(text, v.description('What failed, with the value.')),
  code: errorCode,
  remedy: v.pipe(text, v.description('What to do next.')),
  details: v.pipe(v.record(text, v.unknown()), v.description('Facts for machines, never secrets.')),
});

export const stopping = v.strictObject({ stopping: v.literal(true) });

export const upgradeResult = exactly<UpgradeResult>()(
  v.strictObject({
    from: v.pipe(text, v.description('The version of Teal before.')),
    to: text,
    router: v.pipe(count, v.description('The process that serves now.')),
    drainMs: number,
  }),
);

export const upgradeView = exactly<UpgradeView>()(
  v.strictObject({
    state: v.pipe(
      v.picklist(['routers', 'control', 'done', 'failed']),
      v.description('What is being replaced, or how that ended.'),
    ),
    from: text,
    to: or(text),
    startedAt: time,
    endedAt: or(time),
    error: or(error),
  }),
);

/** There is nothing to say of it. */
export const nothing = v.strictObject({});

export const alive = v.strictObject({ alive: v.literal(true), version: text });

/** One thing that has to be so before work is sent here. */
export const readiness = v.strictObject({
  ready: v.literal(true),
  checks: v.array(v.strictObject({ name: text, ok: flag, says: text })),
});

export const errorKind = v.strictObject({
  code: errorCode,
  title: text,
  status: v.pipe(count, v.description('Of the HTTP answer.')),
  exit: v.pipe(count, v.description('Of the command line.')),
});

/** The document that this is in. */
export const openApiDocument = v.looseObject({ openapi: text, info: v.unknown(), paths: v.unknown() });
