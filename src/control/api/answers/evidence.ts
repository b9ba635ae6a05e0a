import * as v from 'valibot';
import type { CourseView, EvidenceView, StandingView } from '../../contract.ts';
import { colour, count, exactly, flag, number, text, time } from './exactly.ts';
import { metricEntries, verdict } from './status.ts';

const people = v.strictObject({ candidate: number, live: number });

const course = exactly<CourseView>()(
  v.strictObject({
    seq: number,
    at: time,
    seconds: number,
    stage: text,
    action: v.picklist(['roll-back', 'restart-instance', 'stop', 'freeze', 'advance', 'ask', 'wait']),
    log: number,
    sentence: text,
    lost: flag,
  }),
);

const entries = {
  app: text,
  release: text,
  at: time,
  candidate: colour,
  verdict,
  metrics: v.array(v.object({ ...metricEntries, says: text })),
  rules: v.array(
    v.strictObject({
      name: text,
      outcome: v.picklist(['pass', 'fail', 'inconclusive']),
      says: text,
    }),
  ),
  promise: v.strictObject({ alpha: number, beta: number, freeze: number }),
  limits: v.record(text, number),
  personMinutes: people,
  counted: v.strictObject({
    requests: people,
    failed: people,
    anonymous: people,
    lost: count,
    sampled: number,
  }),
};

export const standing = exactly<StandingView>()(v.strictObject(entries));

export const evidence = exactly<EvidenceView>()(v.strictObject({ ...entries, course: v.array(course) }));
