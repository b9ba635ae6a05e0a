import { Flags } from '../../../features/evaluate.ts';
import type { FlagTable } from '../../../features/flag-set.ts';
import type { AppTable } from '../../table.ts';

/** The flags of an app made ready. */
export interface CompiledFlags {
  readonly flags: Flags;
  readonly audiences: readonly string[];
  /** Pages that are open ask again when it is another. */
  readonly epoch: string;
}

const none: FlagTable = {
  set: { flags: {}, metadata: { flagSetId: '', version: 'none' } },
  epoch: 'none',
  audiences: [],
  shares: false,
};

/** Also of an app that has none: who asks is told that there is no such flag. */
export function compileFlags({ flags, audience }: AppTable): CompiledFlags {
  const { set, epoch, audiences } = flags ?? none;
  // While a router hears nothing from the control plane nobody is on the candidate, and nobody's flags are.
  const suffix = audience?.release?.expired === true ? '-expired' : '';
  return { flags: new Flags(set), audiences, epoch: epoch + suffix };
}
