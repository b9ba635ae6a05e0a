import type { CompiledTable } from '../../audience/compile.ts';
import { compileAudiences } from '../../audience/compile.ts';
import { upcoming } from '../../release/begin.ts';
import { stepsOf } from '../../release/deploy.ts';
import { instances } from '../../release/effects.ts';
import { schedule, type Scheduled } from '../../release/schedule.ts';
import type { Build } from '../../release/state.ts';
import { stepName } from '../../release/steps.ts';
import type { PlannedStep, PlanResult } from '../contract.ts';
import { isUpload, uploadedFile } from '../access/uploads.ts';
import { versionName } from '../deploy.ts';
import type { Deps } from '../deps.ts';
import { exposureTables, restingTable } from '../exposures.ts';
import { known } from '../known.ts';
import { foresee } from './database.ts';
import { estimates, type Estimates } from './estimate.ts';
import { notes, refusals, type Planning } from './standing.ts';

/** What a deploy of this version would do now, without doing any of it. @throws TealError `app-unknown`, `usage` */
export async function plan(
  deps: Deps,
  app: string,
  asked: Planning['asked'],
  signal: AbortSignal,
): Promise<PlanResult> {
  const state = known(deps, app);
  const { config } = state;
  const version = versionName(asked.version);
  const placed: Build = { version, directory: deps.versions.directory(app, version), spec: config };
  const { build, database, harm, refused } = await foresee(state, placed);
  const planning: Planning = { state, build, asked, now: deps.now() };
  const steps = asked.together?.steps ?? stepsOf(config.release, asked.promote ?? null);
  const next = upcoming(state, { build, steps });
  const scheduled = schedule(next.steps, config.release.windows, planning.now);
  const base = restingTable(state, config);
  const { log } = asked;
  const told =
    log === undefined
      ? null
      : await estimates(
          {
            state,
            scheduled,
            base,
            tables: exposureTables(base, next).map(({ table: at }) => at),
            log: isUpload(log) ? uploadedFile(deps.config.data, log) : log,
            now: planning.now,
            geoDatabase: deps.config.geoDatabase,
          },
          signal,
        );
  const table = compileAudiences(base, () => null);
  const last = scheduled.at(-1);
  return {
    app,
    version,
    from: next.from,
    colour: next.colour,
    refused: [...refusals(planning), ...refused],
    notes: [...(await notes(deps, planning)), ...harm, ...(told?.notes ?? [])],
    steps: scheduled.map((one, index) => planned(planning, { one, table, told, index })),
    database,
    liveAt: last?.endsAt ?? null,
    testsMs: scheduled.reduce((sum, { step }) => sum + (step.kind === 'test' ? step.test.timeoutMs : 0), 0),
    approvals: scheduled.filter(({ step }) => step.kind === 'approve').length,
    rollbackWindowMs: config.release.rollbackWindowMs,
    traffic: told?.traffic ?? null,
    proposal: told?.proposal ?? null,
  };
}

interface Part {
  readonly one: Scheduled;
  readonly index: number;
  readonly table: CompiledTable;
  readonly told: Estimates | null;
}

function planned({ state, build }: Planning, { one, index, table, told }: Part): PlannedStep {
  const { step, startsAt, endsAt, exposed, size } = one;
  const web = build.spec.roles.filter(({ kind }) => kind === 'web');
  const names = step.kind === 'expose' ? step.to : step.kind === 'mirror' ? step.of : [];
  return {
    name: stepName(step),
    kind: step.kind,
    startsAt,
    endsAt,
    approval:
      step.kind === 'approve'
        ? {
            by: step.by,
            fourEyes: step.fourEyes,
            expiresAt: startsAt === null || step.expiresMs === null ? null : startsAt + step.expiresMs,
            onExpiry: step.onExpiry,
          }
        : null,
    exposed,
    who: names.map(
      (name) => `${name}: ${table.audiences.get(name)?.says ?? 'nobody, there is no such audience'}`,
    ),
    instances: Object.fromEntries(
      web.map((role) => [role.name, instances(state, { size, spec: build.spec }, role)]),
    ),
    mirror:
      step.kind === 'mirror'
        ? { methods: step.methods, maxBodyBytes: step.maxBodyBytes, copies: told?.copies[index] ?? null }
        : null,
    estimate: told?.steps[index] ?? null,
  };
}
