/**
 * What a statement does, in the words that rules and locks are about. One statement is one change, except ALTER TABLE and DROP,
 * which are one for each thing they do. Names are as the server would show them, without the schema `public`.
 */
export type Change = Readonly<{ at: number }> & Doing;

/** A type as written: `varchar(20)[]` is `{ name: 'varchar', sizes: [20], array: true }`; names are the server's own (`int4`). */
export interface SqlType {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly array: boolean;
}

/** What a default is made of: `volatile` differs from row to row, `stable` is computed once for a statement. */
export type DefaultKind = 'none' | 'null' | 'constant' | 'stable' | 'volatile';

export interface ColumnFacts {
  readonly name: string;
  readonly type: SqlType;
  readonly notNull: boolean;
  readonly default: DefaultKind;
  readonly identity: 'always' | 'by-default' | null;
  readonly generated: 'stored' | 'virtual' | null;
  /** The columns of its table that it is computed from. */
  readonly computedFrom: readonly string[];
  /** Constraints written with the column, but for NOT NULL. */
  readonly constraints: readonly ConstraintFacts[];
}

export interface ConstraintFacts {
  readonly type: 'check' | 'unique' | 'primary-key' | 'foreign-key' | 'exclude' | 'not-null';
  readonly name: string | null;
  readonly columns: readonly string[];
  readonly notValid: boolean;
  readonly notEnforced: boolean;
  /** The index that becomes the constraint. */
  readonly usingIndex: string | null;
  /** The table that a foreign key refers to. */
  readonly references: string | null;
  /** The column, when the constraint says `column IS NOT NULL` and nothing else. */
  readonly notNullOf: string | null;
  readonly nullsNotDistinct: boolean;
}

/** What DROP, RENAME and SET SCHEMA can be about. */
export type Thing =
  | 'table'
  | 'view'
  | 'materialized view'
  | 'index'
  | 'sequence'
  | 'function'
  | 'type'
  | 'domain'
  | 'schema'
  | 'extension'
  | 'trigger'
  | 'policy'
  | 'rule'
  | 'constraint'
  | 'database'
  | 'other';

/** A column that a query names (`*`: all), and the tables that it may be of: those of the innermost query first. */
export interface Reading {
  readonly column: string;
  readonly scopes: readonly (readonly string[])[];
}

interface OfTable {
  readonly table: string;
}

type TableChange =
  | ({ readonly kind: 'add-column'; readonly column: ColumnFacts; readonly ifNotExists: boolean } & OfTable)
  | ({ readonly kind: 'drop-column'; readonly column: string; readonly cascade: boolean } & OfTable)
  | ({
      readonly kind: 'change-type';
      readonly column: string;
      readonly type: SqlType;
      /** USING with more than a cast of the column to the same type. */
      readonly computed: boolean;
    } & OfTable)
  | ({ readonly kind: 'set-default'; readonly column: string; readonly default: DefaultKind } & OfTable)
  | ({ readonly kind: 'drop-default'; readonly column: string } & OfTable)
  | ({ readonly kind: 'set-not-null' | 'drop-not-null'; readonly column: string } & OfTable)
  | ({ readonly kind: 'set-identity'; readonly column: string; readonly always: boolean } & OfTable)
  | ({
      readonly kind: 'drop-identity' | 'drop-expression' | 'set-expression';
      readonly column: string;
    } & OfTable)
  | ({ readonly kind: 'add-constraint'; readonly constraint: ConstraintFacts } & OfTable)
  | ({ readonly kind: 'drop-constraint' | 'validate-constraint'; readonly name: string } & OfTable)
  | ({ readonly kind: 'alter-constraint'; readonly name: string; readonly enforce: boolean } & OfTable)
  | ({ readonly kind: 'attach-partition'; readonly partition: string; readonly isDefault: boolean } & OfTable)
  | ({
      readonly kind: 'detach-partition';
      readonly partition: string;
      readonly concurrently: boolean;
    } & OfTable)
  | ({ readonly kind: 'row-security'; readonly how: 'enable' | 'disable' | 'force' | 'no-force' } & OfTable)
  | ({ readonly kind: 'switch-trigger'; readonly enable: boolean } & OfTable)
  | ({
      readonly kind: 'rewrite-table';
      readonly how: 'logged' | 'unlogged' | 'access-method' | 'tablespace';
    } & OfTable)
  | ({ readonly kind: 'inherit'; readonly parent: string; readonly stop: boolean } & OfTable)
  /** Statistics, storage parameters, clustering marks: nobody is blocked but other changes of the schema. */
  | ({ readonly kind: 'tune-table' } & OfTable)
  /** Owner, replica identity, column storage: a moment under the strongest lock. */
  | ({ readonly kind: 'mark-table' } & OfTable);

/** A change without its place. */
export type Doing =
  | TableChange
  | {
      readonly kind: 'create-table';
      readonly table: string;
      readonly columns: readonly ColumnFacts[];
      readonly constraints: readonly ConstraintFacts[];
      readonly partitionOf: string | null;
      readonly isDefault: boolean;
      /** What its own partitions are told by, an expression as null; null: it has none. */
      readonly partitionBy: readonly (string | null)[] | null;
      readonly temporary: boolean;
      readonly ifNotExists: boolean;
    }
  | {
      readonly kind: 'drop';
      readonly thing: Thing;
      readonly name: string;
      /** Of a trigger, policy or rule. */
      readonly table: string | null;
      readonly concurrently: boolean;
      readonly cascade: boolean;
    }
  | {
      readonly kind: 'rename';
      readonly thing: Thing | 'column' | 'enum value';
      /** Of a column or constraint. */
      readonly table: string | null;
      readonly name: string;
      readonly to: string;
    }
  | { readonly kind: 'set-schema'; readonly thing: Thing; readonly name: string; readonly to: string }
  | {
      readonly kind: 'create-index';
      readonly index: string | null;
      readonly table: string;
      readonly columns: readonly string[];
      readonly unique: boolean;
      /** Without the partitions of its table. */
      readonly only: boolean;
      readonly concurrently: boolean;
      readonly ifNotExists: boolean;
      readonly nullsNotDistinct: boolean;
      /** A btree over columns and all rows: what its columns and `unique` say is all there is to it. */
      readonly plain: boolean;
    }
  | {
      readonly kind: 'reindex';
      readonly scope: 'index' | 'table' | 'more';
      readonly name: string;
      readonly concurrently: boolean;
    }
  | { readonly kind: 'cluster' | 'vacuum-full'; readonly table: string | null }
  | { readonly kind: 'refresh'; readonly view: string; readonly concurrently: boolean }
  | { readonly kind: 'truncate'; readonly table: string; readonly cascade: boolean }
  | {
      readonly kind: 'create-view';
      readonly view: string;
      readonly replace: boolean;
      readonly securityInvoker: boolean;
      readonly reads: readonly Reading[];
    }
  | {
      readonly kind: 'create-function';
      readonly name: string;
      readonly replace: boolean;
      readonly trigger: boolean;
    }
  | {
      readonly kind: 'create-trigger';
      readonly name: string;
      readonly table: string;
      readonly before: boolean;
      readonly replace: boolean;
    }
  | { readonly kind: 'create-rule' | 'create-policy' | 'alter-policy'; readonly table: string }
  | { readonly kind: 'create-enum'; readonly type: string }
  | { readonly kind: 'create-domain'; readonly type: string; readonly constrained: boolean }
  | {
      readonly kind: 'domain-constraint';
      readonly type: string;
      readonly how: 'add' | 'validate' | 'drop' | 'set-not-null' | 'drop-not-null';
      readonly notValid: boolean;
    }
  | { readonly kind: 'add-enum-value'; readonly type: string; readonly value: string }
  | {
      readonly kind: 'create';
      readonly thing: Thing;
      readonly name: string;
      /** Of a materialized view. */
      readonly reads: readonly Reading[];
    }
  | { readonly kind: 'revoke'; readonly from: string; readonly what: string }
  | { readonly kind: 'grant'; readonly what: readonly string[] }
  | { readonly kind: 'lock-table'; readonly table: string; readonly mode: number }
  | {
      readonly kind: 'write';
      readonly verb: 'insert' | 'update' | 'delete' | 'merge' | 'copy';
      readonly table: string;
      readonly where: boolean;
      /** Those that an UPDATE sets; null: any. */
      readonly columns: readonly string[] | null;
    }
  | { readonly kind: 'read' }
  | { readonly kind: 'begin' | 'commit' | 'rollback' | 'savepoint' }
  | { readonly kind: 'set'; readonly name: string; readonly value: string; readonly local: boolean }
  | { readonly kind: 'do' }
  | { readonly kind: 'other' };

/** The change of one kind. */
export type ChangeOf<KIND extends Change['kind']> = Change & { readonly kind: KIND };
