import { writeFile } from 'node:fs/promises';
import type { Test } from '../../config/config.ts';
import { failed, type Target } from './test-command.ts';

/** As much of a body as is looked at and kept. */
const bodyBytes = 64 * 1024;

/** Asks the preview one question over HTTP; redirects are answers, not followed. @throws TealError `test-failed` */
export async function runHttp(
  test: Test & { kind: 'http' },
  target: Target,
  signal: AbortSignal,
): Promise<string> {
  const late = AbortSignal.timeout(test.timeoutMs);
  const said = `${test.method} ${test.path}`;
  let seen: { readonly status: number; readonly body: string };
  try {
    const response = await fetch(target.url + test.path, {
      method: test.method,
      redirect: 'manual',
      signal: AbortSignal.any([signal, late]),
    });
    seen = { status: response.status, body: (await response.text()).slice(0, bodyBytes) };
  } catch (error) {
    signal.throwIfAborted();
    const why = late.aborted ? `had no answer within ${test.timeoutMs / 1000} s` : `failed: ${reason(error)}`;
    throw failed(test, target, `(${said}) ${why}`, '');
  }
  await writeFile(target.log, `${said}\n${seen.status}\n\n${seen.body}\n`, { mode: 0o600 });
  const start = seen.body.slice(0, 500);
  if (!test.status.some(([least, most]) => seen.status >= least && seen.status <= most)) {
    const wanted = test.status
      .map(([least, most]) => (least === most ? least : `${least}-${most}`))
      .join(', ');
    throw failed(test, target, `(${said}) answered ${seen.status} instead of ${wanted}`, start);
  }
  if (test.contains !== null && !seen.body.includes(test.contains)) {
    throw failed(
      test,
      target,
      `(${said}) answered ${seen.status}, but without ${JSON.stringify(test.contains)}`,
      start,
    );
  }
  return `${said} answered ${seen.status}`;
}

const reason = (error: unknown): string =>
  error instanceof Error
    ? String((error.cause as Error | undefined)?.message ?? error.message)
    : String(error);
