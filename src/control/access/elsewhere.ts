import type { Config } from '../../config/config.ts';
import { TealError } from '../../errors.ts';
import type { CommandBody } from '../contract.ts';
import type { Caller } from './caller.ts';
import { tooLow } from './refusals.ts';
import { mayAs } from './role.ts';
import { isUpload } from './uploads.ts';

/** Files of the control plane's machine that a request names. */
export interface NamedFiles {
  readonly from?: string;
  readonly log?: string;
  readonly file?: string;
}

/**
 * Whoever comes from elsewhere names no files of this machine: they could deploy, and so read, what they may not.
 * @throws TealError `not-allowed`
 */
export function refuseFiles(
  caller: Caller | null,
  { from, log, file }: NamedFiles,
  config: Pick<Config, 'file'>,
): void {
  if (caller === null || caller.from.address === null) return;
  const named =
    [from, log].find((each) => each !== undefined && !isUpload(each)) ??
    (file === undefined || file === config.file ? undefined : file);
  if (named === undefined) return;
  throw new TealError('not-allowed', `${named} would be a file of the machine that Teal runs on.`, {
    remedy: 'send it: teal deploy --from does so, against a server elsewhere',
    details: { named },
  });
}

/** What starts a program of this machine is for who is on it. @throws TealError `not-allowed` */
export function refuseElsewhere(caller: Caller | null, what: string): void {
  if (caller === null || caller.from.address === null) return;
  throw new TealError('not-allowed', `${what} runs a program of the machine that Teal runs on.`, {
    remedy: 'run it there, as the user that Teal runs as',
  });
}

/** `promote: auto` passes the approval that teal.yaml asks for. @throws TealError `not-allowed` */
export function refuseShortcut(
  caller: Caller | null,
  { promote }: Pick<CommandBody, 'promote'>,
  manual: boolean,
): void {
  if (caller === null || promote !== 'auto' || !manual || mayAs(caller.role, 'approver')) return;
  throw tooLow(caller, 'approver', 'promote: auto, where teal.yaml says manual,');
}
