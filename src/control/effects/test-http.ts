import { writeFile } from 'node:fs/promises';
import type { Test } from '../../config/release.ts';
import { failed, type Target } from './test-command.ts';

/** As much of a body as is looked at (also for `contains`) and kept. */
const bodyBytes = 1024 * 1024;

/** What an error shows of a body. */
const shownBytes = 500;

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
    seen = { status: response.status, body: await start(response) };
  } catch (error) {
    signal.throwIfAborted();
    const why = late.aborted ? `had no answer within ${test.timeoutMs / 1000} s` : `failed: ${reason(error)}`;
    throw failed(test, target, `(${said}) ${why}`, '');
  }
  // The log is for people; a full disk does not fail the test.
  await writeFile(target.log, `${said}\n${seen.status}\n\n${seen.body}\n`, { mode: 0o600 }).catch(
    () => undefined,
  );
  const shown = seen.body.slice(0, shownBytes);
  if (!test.status.some(([least, most]) => seen.status >= least && seen.status <= most)) {
    const wanted = test.status
      .map(([least, most]) => (least === most ? least : `${least}-${most}`))
      .join(', ');
    throw failed(test, target, `(${said}) answered ${seen.status} instead of ${wanted}`, shown);
  }
  if (test.contains !== null && !seen.body.includes(test.contains)) {
    throw failed(
      test,
      target,
      `(${said}) answered ${seen.status}, but without ${JSON.stringify(test.contains)}`,
      shown,
    );
  }
  return `${said} answered ${seen.status}`;
}

/** The beginning of a body; a page without end does not fill the memory. */
async function start(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  if (response.body === null) return text;
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length >= bodyBytes) break;
  }
  return text.slice(0, bodyBytes);
}

const reason = (error: unknown): string =>
  error instanceof Error
    ? String((error.cause as Error | undefined)?.message ?? error.message)
    : String(error);
