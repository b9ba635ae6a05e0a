import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import type { Test } from '../../config/release.ts';
import { pruneTestLogs } from '../retention.ts';
import { runCommand, type Target } from './test-command.ts';
import { runHttp } from './test-http.ts';

/** One test of a release, against the candidate. */
export interface TestRun {
  readonly test: Test;
  /** The name of its step, and which one that is. */
  readonly name: string;
  readonly cursor: number;
  readonly target: Omit<Target, 'log'>;
  /** Of the version. */
  readonly directory: string;
}

/** Runs a test; resolves with what is to be shown of it. @throws TealError `test-failed` */
export type RunTest = (run: TestRun, signal: AbortSignal) => Promise<string>;

/** Tests on this machine; their whole output is kept in the data directory, as long as they are among the newest. */
export const testsIn =
  (data: string, log: Pick<Logger, 'warn'>): RunTest =>
  async ({ test, name, cursor, target, directory }, signal) => {
    const { app, release } = target;
    const folder = path.join(data, 'tests', app);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = path.join(folder, `${release}-${cursor + 1}-${name.replaceAll(/[^\w.-]+/g, '-')}.log`);
    const to = { ...target, log: file };
    try {
      return test.kind === 'command'
        ? await runCommand(test, { ...to, directory }, signal)
        : await runHttp(test, to, signal);
    } finally {
      await pruneTestLogs(folder).catch((error: unknown) =>
        log.warn({ app, error }, 'old logs were not removed'),
      );
    }
  };
