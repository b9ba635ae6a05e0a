import { signal } from '@preact/signals';
import { now } from './clock.ts';

/** Whether Teal answers; `since`: the last time that it did. */
export const connection = signal<{ readonly ok: boolean; readonly since: number }>({ ok: true, since: 0 });

/** A refusal, as Teal says it. */
export interface Refusal {
  readonly message: string;
  readonly remedy: string;
  readonly code: string;
}

/** Longer than Teal waits for its router. */
const patienceMs = 8000;

const answered = (): void => void (connection.value = { ok: true, since: now.peek() });

/** What we know is as old as the last answer. */
export function lost(): void {
  const { ok, since } = connection.peek();
  if (ok) connection.value = { ok: false, since: since === 0 ? now.peek() : since };
}

/** Asks the API. @returns null when it cannot be reached, or what is asked for is gone */
export async function look<T>(path: string): Promise<T | null> {
  try {
    const response = await fetch(path, { signal: AbortSignal.timeout(patienceMs) });
    answered();
    if (response.status === 401) location.assign(`/login?to=${encodeURIComponent(location.pathname)}`);
    return response.ok ? ((await response.json()) as T) : null;
  } catch {
    lost();
    return null;
  }
}

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal };

/** Asks for something to be done, or computed. @param csrf of the session; null where there is none */
export async function send<T>(path: string, body: unknown, csrf: string | null): Promise<Outcome<T>> {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(csrf === null ? {} : { 'x-teal-csrf': csrf }) },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(patienceMs),
    });
    answered();
    const answer = (await response.json()) as unknown;
    if (response.ok) return { ok: true, value: answer as T };
    const { detail, remedy, code } = answer as { detail: string; remedy: string; code: string };
    return { ok: false, refusal: { message: detail, remedy, code } };
  } catch {
    lost();
    return {
      ok: false,
      refusal: {
        message: 'Teal cannot be reached: it is not known whether this was done.',
        remedy: 'it is shown here as soon as Teal answers again; on its machine: teal status',
        code: 'control-unavailable',
      },
    };
  }
}
