import type { IncomingMessage } from 'node:http';
import type { TealError } from '../../errors.ts';
import type { Access } from './access.ts';
import type { Together } from './authorize.ts';
import type { From } from './caller.ts';
import type { Entrance } from './identify.ts';
import type { Needed } from './needs.ts';
import type { Standings } from './standing.ts';

/** What a listener gives beside the request. */
export interface Arrival {
  readonly incoming?: IncomingMessage;
}

/** One request, with what is known of it before anybody answers. */
export interface Asking {
  readonly request: Request;
  readonly env: Arrival;
  readonly path: string;
  readonly from: From;
  readonly needed: Needed;
}

/** What a listener is guarded by. */
export interface Guarding {
  readonly access: Access;
  readonly entrance: Entrance;
  readonly together: Together;
  /** The apps as they are now, those that are named or all. */
  readonly standing: (apps: readonly string[] | null) => Standings;
  /** How a refusal is told. */
  readonly refuse: (error: TealError) => Response;
  /** The same to a person with a browser. */
  readonly refusePage?: (error: TealError) => Promise<Response>;
}
