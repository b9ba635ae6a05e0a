import type { Node } from '../sql/parser.ts';
import { hasOption, nameOf, partsOf, relationOf } from '../sql/words.ts';
import type { Settle } from './step.ts';
import { TealError } from '../../errors.ts';

interface Looked {
  readonly parsed: { readonly node: Node };
  readonly place: string;
}

/** What refuses a transaction (its chapter says so, at postgresql.org/docs/current/sql-commands.html), with what it may leave; null: it does not. */
export function concurrentOf({ parsed: { node }, place }: Looked): Settle | null {
  const server = elsewhere(node);
  if (server !== null)
    throw refused(
      place,
      `${server} is about the server, not about one database`,
      'Do it by hand, before the release.',
    );
  if ('VacuumStmt' in node) return node.VacuumStmt.is_vacuumcmd === true ? { how: 'again' } : null;
  if ('ClusterStmt' in node) return node.ClusterStmt.relation === undefined ? { how: 'again' } : null;
  return 'AlterTableStmt' in node ? detachOf(node) : indexOf(node, place);
}

function indexOf(node: Node, place: string): Settle | null {
  // The server takes one at a time.
  if ('DropStmt' in node && node.DropStmt.concurrent === true)
    return { how: 'drop-index', index: nameOf(partsOf(node.DropStmt.objects?.[0])) };
  if ('ReindexStmt' in node)
    return hasOption(node.ReindexStmt.params, 'concurrently') ? { how: 'reindex' } : null;
  if (!('IndexStmt' in node) || node.IndexStmt.concurrent !== true) return null;
  const { idxname = '', relation } = node.IndexStmt;
  if (idxname === '')
    throw refused(
      place,
      'an index without a name',
      'Give it one, so that an interrupted one can be found: CREATE INDEX CONCURRENTLY name ON …',
    );
  return { how: 'create-index', index: nameOf([relation?.schemaname, idxname]) };
}

function detachOf(node: Extract<Node, { AlterTableStmt: unknown }>): Settle | null {
  const { relation, cmds = [] } = node.AlterTableStmt;
  for (const cmd of cmds) {
    if (!('AlterTableCmd' in cmd) || cmd.AlterTableCmd.subtype !== 'AT_DetachPartition') continue;
    const def = cmd.AlterTableCmd.def;
    if (def === undefined || !('PartitionCmd' in def) || def.PartitionCmd.concurrent !== true) continue;
    return { how: 'detach', table: relationOf(relation), partition: relationOf(def.PartitionCmd.name) };
  }
  return null;
}

function elsewhere(node: Node): string | null {
  if ('CreatedbStmt' in node) return 'CREATE DATABASE';
  if ('DropdbStmt' in node) return 'DROP DATABASE';
  if ('AlterSystemStmt' in node) return 'ALTER SYSTEM';
  if ('CreateTableSpaceStmt' in node) return 'CREATE TABLESPACE';
  if ('DropTableSpaceStmt' in node) return 'DROP TABLESPACE';
  if ('CreateSubscriptionStmt' in node) return 'CREATE SUBSCRIPTION';
  return 'DropSubscriptionStmt' in node ? 'DROP SUBSCRIPTION' : null;
}

function refused(place: string, why: string, remedy: string): TealError {
  return new TealError('migration-invalid', `${place}: ${why}`, { remedy, details: { place } });
}
