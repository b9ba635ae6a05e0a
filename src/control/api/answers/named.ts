import type * as v from 'valibot';
import { auditEntry, tokenView, whoAmI } from './access.ts';
import { error } from './exactly.ts';
import { evidence } from './evidence.ts';
import { explainResult, ruleAnswer } from './explain.ts';
import { accessLine, droppedLines, eventView, logLine } from './lines.ts';
import { planResult } from './plan.ts';
import {
  applyResult,
  check,
  commandResult,
  groupResult,
  previewLink,
  rollbackResult,
  leaseView,
} from './results.ts';
import { routerStatus } from './router.ts';
import {
  appStatus,
  environmentStatus,
  exposure,
  instanceView,
  migrationView,
  releaseView,
  status,
  verdict,
} from './status.ts';
import { errorKind, problem, readiness } from './teal.ts';

/** Under these names they are in the document. */
export const named: Readonly<Record<string, v.GenericSchema>> = {
  Status: status,
  RouterStatus: routerStatus,
  AppStatus: appStatus,
  EnvironmentStatus: environmentStatus,
  Instance: instanceView,
  Release: releaseView,
  Migration: migrationView,
  Exposure: exposure,
  Verdict: verdict,
  Evidence: evidence,
  CommandResult: commandResult,
  GroupResult: groupResult,
  RollbackResult: rollbackResult,
  ApplyResult: applyResult,
  PreviewLink: previewLink,
  ExplainResult: explainResult,
  RuleAnswer: ruleAnswer,
  PlanResult: planResult,
  Event: eventView,
  LogLine: logLine,
  AccessLine: accessLine,
  DroppedLines: droppedLines,
  Lease: leaseView,
  Check: check,
  WhoAmI: whoAmI,
  Token: tokenView,
  AuditEntry: auditEntry,
  Error: error,
  ErrorKind: errorKind,
  Readiness: readiness,
  Problem: problem,
};
