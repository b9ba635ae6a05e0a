import type { App } from '../../../src/config/config.ts';
import { groupCommand } from '../../../src/control/group.ts';
import { command } from '../../../src/control/api/command.ts';
import type { By } from '../../../src/control/apps.ts';
import type { CommandBody, CommandName } from '../../../src/control/contract.ts';
import type { Deps } from '../../../src/control/deps.ts';
import { rollbackAll } from '../../../src/control/rollback-all.ts';

/** What a person asks for. */
export interface Order {
  readonly name: CommandName | 'apply' | 'rollback-all';
  readonly app: string;
  /** To the whole group, by its name. */
  readonly group?: string;
  readonly body: CommandBody;
  /** Of `apply`. */
  readonly config?: App;
}

/** Gives the order as the API would; resolves when it is done. @throws what the API would answer */
export async function give(deps: Deps, order: Order, by: By): Promise<void> {
  const { name, app, group, body } = order;
  const { signal } = new AbortController();
  if (name === 'rollback-all') {
    await rollbackAll(deps, by);
  } else if (name === 'apply') {
    if (order.config === undefined) return;
    await deps.keys.load([deps.apps.state(app)]);
    await deps.apps.applyAll([{ app, input: { type: 'apply', config: order.config } }], by);
  } else if (group === undefined) {
    await command(deps, app, { name, body, by, signal });
  } else {
    await groupCommand(deps, group, { name, body, by, signal });
  }
}
