import * as v from 'valibot';
import type { PlanEstimate, PlannedStep, PlanResult, PlanTraffic } from '../../contract.ts';
import { colour, count, error, exactly, flag, number, or, text, time } from './exactly.ts';
import { exposure, stepKind } from './status.ts';

const estimate = exactly<PlanEstimate>()(
  v.strictObject({
    people: number,
    requests: number,
    neededMs: or(number),
    evidence: v.picklist(['enough', 'too-little', 'whole-audience']),
  }),
);

const step = exactly<PlannedStep>()(
  v.strictObject({
    name: text,
    kind: stepKind,
    startsAt: or(time),
    endsAt: or(time),
    approval: or(
      v.strictObject({
        by: or(v.array(text)),
        fourEyes: flag,
        expiresAt: or(time),
        onExpiry: v.picklist(['abort', 'advance']),
      }),
    ),
    exposed: v.array(exposure),
    who: v.array(text),
    instances: v.record(text, count),
    mirror: or(v.strictObject({ methods: v.array(text), maxBodyBytes: count, copies: or(number) })),
    estimate: or(estimate),
  }),
);

const traffic = exactly<PlanTraffic>()(
  v.strictObject({
    log: text,
    requests: count,
    errors: count,
    people: number,
    sampled: flag,
    from: time,
    to: time,
    unreadable: count,
    other: count,
  }),
);

export const planResult = exactly<PlanResult>()(
  v.strictObject({
    app: text,
    version: text,
    from: or(text),
    colour,
    refused: v.array(error),
    notes: v.array(text),
    steps: v.array(step),
    liveAt: or(time),
    testsMs: number,
    approvals: count,
    rollbackWindowMs: number,
    traffic: or(traffic),
    proposal: or(v.array(text)),
  }),
);
