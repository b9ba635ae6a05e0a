import * as v from 'valibot';
import type { LogLine } from '../../../platform/process/logs.ts';
import { outcomes, type AccessLine, type DroppedLines } from '../../../router/access-line.ts';
import type { EventView } from '../../contract.ts';
import { colour, count, exactly, number, or, text, time } from './exactly.ts';

export const eventView = exactly<EventView>()(
  v.strictObject({
    seq: v.pipe(count, v.description('Its place in the whole log.')),
    at: time,
    app: text,
    actor: text,
    reason: or(text),
    type: text,
    says: v.pipe(text, v.description('One sentence for people.')),
    data: v.pipe(v.unknown(), v.description('Facts of the event, secrets never among them.')),
  }),
);

export const logLine = exactly<LogLine>()(
  v.strictObject({
    instance: text,
    role: text,
    version: text,
    stream: v.picklist(['stdout', 'stderr']),
    line: text,
  }),
);

export const accessLine = exactly<AccessLine>()(
  v.strictObject({
    time: v.pipe(text, v.description('When its head was read: ISO 8601, UTC.')),
    app: or(text),
    environment: or(colour),
    version: or(text),
    role: or(text),
    endpoint: or(text),
    rule: text,
    generation: count,
    method: or(text),
    host: or(text),
    path: or(text),
    protocol: or(text),
    status: or(count),
    outcome: v.picklist(outcomes),
    code: or(text),
    tries: count,
    bytesIn: count,
    bytesOut: count,
    ms: number,
    connectMs: or(number),
    firstByteMs: or(number),
    client: text,
    requestId: or(text),
    traceId: or(text),
    worker: count,
  }),
);

export const droppedLines = exactly<DroppedLines>()(
  v.strictObject({ time: text, worker: count, dropped: count }),
);

export const accessOrDropped = exactly<AccessLine | DroppedLines>()(v.union([accessLine, droppedLines]));
