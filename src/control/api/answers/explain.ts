import * as v from 'valibot';
import type { Answer } from '../../../audience/explain.ts';
import type { ExplainResult } from '../../contract.ts';
import { colour, exactly, flag, number, or, text } from './exactly.ts';
import { anyJson } from './flags.ts';

export const ruleAnswer: v.GenericSchema<Answer> = v.strictObject({
  rule: text,
  matched: flag,
  why: text,
  parts: v.array(v.lazy(() => ruleAnswer)),
});

const side = v.picklist(['live', 'candidate']);

const routed = v.strictObject({
  environment: colour,
  side,
  reason: v.picklist([
    'no-release',
    'expired',
    'admitted',
    'everyone',
    'audience',
    'percent',
    'not-chosen',
    'no-identity',
  ]),
  audience: or(text),
  bucket: or(number),
  id: or(v.picklist(['new', 'renew', 'clear'])),
  release: or(v.picklist(['set', 'clear'])),
});

export const explainResult = exactly<ExplainResult>()(
  v.strictObject({
    explanation: v.strictObject({
      routed,
      says: text,
      identity: or(v.strictObject({ source: text, key: text })),
      exposed: v.array(ruleAnswer),
      audiences: v.record(text, ruleAnswer),
    }),
    text: v.pipe(text, v.description('The same for a terminal.')),
    later: v.array(v.strictObject({ name: text, side, environment: colour, reason: text })),
    mirrored: or(flag),
    feature: or(v.strictObject({ key: text, value: anyJson, variant: text, reason: text, says: text })),
  }),
);
