import type { TealError } from '../../errors.ts';
import type { AuditLog } from './audit-log.ts';
import type { From } from './caller.ts';
import type { Grant } from './grant.ts';

/** Writes down that somebody has signed in, or why not. @param grant null: nobody has */
export async function noteSignIn(
  audit: Pick<AuditLog, 'add'>,
  {
    grant,
    from,
    path,
    error,
    at,
  }: {
    readonly grant: Grant | null;
    readonly from: From;
    readonly path: string;
    readonly error: TealError | null;
    readonly at: number;
  },
): Promise<void> {
  await audit.add({
    at,
    actor: grant?.actor ?? 'nobody',
    role: grant?.role ?? null,
    by: grant?.kind ?? null,
    token: grant?.id ?? null,
    address: from.address,
    agent: from.agent,
    what: 'sign in',
    path,
    status: error === null ? 200 : 403,
    code: error?.code ?? null,
    before: null,
    after: error === null ? null : { why: error.message },
  });
}
