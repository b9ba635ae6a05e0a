import type { Phase } from '../../../../src/config/database.ts';
import type { ServerVersion } from '../../../../src/database/sql/version.ts';

/** A migration, and what there is before it. */
export interface Case {
  readonly sql: string;
  /** Statements of an earlier migration. */
  readonly given?: string;
  /** Other phases of the same release. */
  readonly release?: Readonly<Partial<Record<Phase, string>>>;
  /** Default: expand; null: an ordinary migration. */
  readonly phase?: Phase | null;
  readonly version?: ServerVersion;
  readonly inTransaction?: boolean;
}

/** What a rule finds, the form that it proposes, and what only looks like it. */
export interface Examples {
  readonly bad: string | Case;
  readonly safe: string | Case;
  readonly near: string | Case;
}

/** The table that most of them are about. */
export const users =
  "CREATE TABLE users (id int PRIMARY KEY, name varchar(20) NOT NULL DEFAULT '', email text, age int);";
export const contract = (sql: string, given = users): Case => ({ sql, given, phase: 'contract' });
export const plain = (sql: string, given = users): Case => ({ sql, given, phase: null });
