import type { StoreFlags } from './backup.ts';
import { tableRows } from './render/store.ts';
import { renderBlock } from './render/block.ts';
import type { Context, Result } from './shell/context.ts';
import { findConfig } from './shell/locate.ts';

export interface MigrateFlags extends StoreFlags {
  readonly to: string;
  readonly replace?: boolean;
}

/** Brings the event log from where it is to another place. */
export async function storeMigrate(this: Context, flags: MigrateFlags): Promise<Result> {
  const { migrate } = await import('../control/backup.ts');
  const { from, where, digest, asideTo } = await migrate({
    file: findConfig(flags.config, this),
    store: flags.store,
    to: flags.to,
    replace: flags.replace === true,
  });
  return {
    json: { from, store: where, asideTo, ...digest },
    text: (view) =>
      renderBlock(
        {
          state: 'ok',
          label: 'Migrated',
          value: where,
          rows: [
            ['From', asideTo === null ? `${from}, which is as it was` : `${from}, which is now ${asideTo}`],
            ...tableRows(digest),
            ['Next', `write store: ${flags.to} into teal.yaml, then: teal up`],
          ],
        },
        view,
      ),
  };
}
