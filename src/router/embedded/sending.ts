import type { Asked } from './tap.ts';
import type { Place } from './claim.ts';
import type { LocalServer } from './flags/local-link.ts';
import type { Copy } from './mirror/copy.ts';
import type { Visit } from './visit.ts';

/** Where a request goes, and the head it goes with. */
export interface Sending extends Place {
  /** The head as it came: a request of which nothing was sent may have to be decided again. */
  readonly head: string;
  /** Lines of ours for the answer, each with CRLF: which version it is of, and cookies by which the client is known again. */
  readonly cookies: string;
  /** The whole outgoing head: kept until the response begins, so that it can be sent again. */
  readonly text: string;
  readonly requestId: string;
  /** It came encrypted, as far as we or a trusted proxy can say. */
  readonly secure: boolean;
  /** Null: nobody wants to know how it went. */
  readonly visit: Visit | null;
  /** Of it, for a candidate; null: none is made. */
  readonly copy: Copy | null;
  /** Null: nobody counts the people of its app. */
  readonly asked: Asked | null;
  /** The router's own answer, in place of an app's; null (or absent): it goes to the app. */
  readonly local?: LocalServer | null;
  /** When it has to be over, if it was decided before; on the engine's clock. */
  readonly last: number | null;
}
