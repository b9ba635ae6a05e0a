import { TealError } from '../../errors.ts';
import type { AppTable, RoutingTable } from '../table.ts';
import type { Compiler } from './compiler.ts';

/** @throws TealError `table-refused` */
export function refuseMalformed(table: RoutingTable | null | undefined): void {
  const generation = table?.generation ?? 0;
  const apps: unknown = table?.apps;
  if (Number.isSafeInteger(generation) && generation > 0 && Array.isArray(apps) && apps.every(isPart)) return;
  throw malformed('this is not a routing table');
}

/** Enough to tell the parts of a table apart; whether each can be compiled is found out then. */
const isPart = (part: Partial<AppTable> | null): boolean => typeof part?.app === 'string';

/** Compiles it once, for nobody. @throws TealError `table-refused` when that cannot be done */
export function compileOrRefuse(compiler: Compiler, table: RoutingTable): void {
  try {
    compiler.compile(table);
  } catch (error) {
    if (error instanceof TealError) throw error;
    throw malformed(`table ${table.generation} is malformed (${(error as Error).message})`);
  }
}

const malformed = (message: string): TealError =>
  new TealError('table-refused', message, { remedy: 'Report this: it is a fault of Teal.' });

/** It was changed on its way. */
export const garbled = (generation: number): TealError =>
  new TealError('table-refused', `table ${generation} is not what its hash says`, {
    remedy: 'Apply it again.',
    details: { generation },
  });

export function older(table: RoutingTable, current: RoutingTable): TealError {
  return new TealError(
    'table-refused',
    `table ${table.generation} is not newer than table ${current.generation}, which is in force`,
    {
      remedy: 'Build the table again under a new generation.',
      details: { generation: table.generation, current: current.generation },
    },
  );
}

/** Whoever asks has lost the link as well, and asks the other then. */
export function goneElsewhere(): TealError {
  return new TealError('router-unavailable', 'another router has taken over', { remedy: 'Ask that one.' });
}
