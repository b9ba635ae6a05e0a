import { TealError, type ErrorJson } from '../../errors.ts';

/** What the API refused with: a problem (RFC 9457), whose `detail` is the message. */
export function errorOf(problem: unknown, status: number): TealError {
  const given = problem as (Partial<ErrorJson> & { readonly detail?: string }) | null;
  return TealError.from({
    code: given?.code ?? 'internal',
    message: given?.detail ?? `Teal answered with status ${status} and no reason`,
    remedy: given?.remedy ?? 'See what it logged where teal up runs.',
    details: given?.details ?? {},
  });
}
