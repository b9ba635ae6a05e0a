import * as v from 'valibot';
import { phases } from '../../../config/database.ts';
import type { PlanDatabase, PlanEstimate, PlannedStep, PlanResult, PlanTraffic } from '../../contract.ts';
import { colour, count, error, exactly, flag, number, or, text, time } from './exactly.ts';
import { exposure, migrationStage, stepKind } from './status.ts';

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

const database = exactly<PlanDatabase>()(
  v.strictObject({
    migration: or(text),
    folder: or(text),
    phases: v.array(v.strictObject({ phase: v.picklist(phases), when: text, byItself: flag })),
    open: or(
      v.strictObject({
        migration: text,
        version: text,
        stage: migrationStage,
      }),
    ),
    rollback: v.picklist(['safe', 'unsafe']),
    lint: or(
      v.strictObject({
        findings: v.array(
          v.strictObject({
            level: v.picklist(['error', 'warning']),
            rule: text,
            file: text,
            line: count,
            what: text,
          }),
        ),
      }),
    ),
    notes: v.array(text),
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
    database: or(database),
    liveAt: or(time),
    testsMs: number,
    approvals: count,
    rollbackWindowMs: number,
    traffic: or(traffic),
    proposal: or(v.array(text)),
  }),
);
