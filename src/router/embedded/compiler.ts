import type { AppTable, RoutingTable } from '../table.ts';
import type { FactSources } from './audience.ts';
import { compilePart, indexed, type AppParts } from './compile.ts';
import type { CompiledTable } from './compiled-table.ts';
import type { Registry } from './registry.ts';

export interface Tools {
  readonly registry: Registry;
  readonly sources: FactSources;
}

/**
 * Compiles one table after the other. An app whose part is the same object as in the table before is taken over as it was compiled then, so
 * that a change of one app takes no longer where there are a thousand. What comes out is a whole table of its own (invariant 2).
 */
export class Compiler {
  readonly #tools: () => Tools;
  #parts: ReadonlyMap<AppTable, AppParts> = new Map();

  /** @param tools asked for each app that is compiled */
  constructor(tools: () => Tools) {
    this.#tools = tools;
  }

  /** @throws TealError `table-refused` */
  compile(table: RoutingTable): CompiledTable {
    const parts = new Map(
      table.apps.map((app) => [
        app,
        this.#parts.get(app) ?? compilePart(app, table.generation, this.#tools()),
      ]),
    );
    const compiled = indexed(table.generation, [...parts.values()]);
    this.#parts = parts;
    return compiled;
  }
}
