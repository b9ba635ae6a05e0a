import { Visit } from '../../../audience/visit.ts';
import type { MirrorTable } from '../../table.ts';
import type { CompiledAudience, Visitor } from '../audience.ts';
import type { CompiledEnvironment, Mirror, MirroredPeople } from '../compiled-table.ts';
import type { Asking } from '../decide.ts';
import type { RequestHead } from '../request-head.ts';
import { rewriteRequest, type Outgoing } from '../rewrite-request.ts';
import type { Copies } from './copies.ts';
import { Copy } from './copy.ts';

/** An audience that does not exist is nobody, as where people are exposed. */
export function compileMirror(
  { of, percent, methods, timeoutMs, maxBodyBytes }: MirrorTable,
  environment: CompiledEnvironment,
  audience: CompiledAudience | null,
): Mirror {
  const rules = of.flatMap((name) => audience?.table.audiences.get(name) ?? []);
  return {
    environment,
    methods: new Set(methods),
    share: percent / 100,
    whose: of.length === 0 || audience === null ? null : { audience, rules },
    timeoutMs,
    maxBodyBytes,
  };
}

/** A request that goes to live. */
export interface Original {
  readonly head: RequestHead;
  readonly role: string;
  /** Null: nobody was asked who they are. */
  readonly visitor: Visitor | null;
  readonly outgoing: Outgoing;
  readonly moment: { readonly random: () => number; readonly asking: Asking };
}

/** What the candidate is told a copy by. Clients cannot say so: nothing that begins with `x-teal-` is passed on. */
const lines = 'x-teal-cohort: mirror\r\nx-teal-mirror: true\r\n';

/**
 * The copy of a request, or null when it gets none. Which ones is by chance for each request, and not for each person: nobody has to be known,
 * and no cookie set, for what nobody ever sees. An upgrade is no request that can be answered twice.
 */
export function copyOf(copies: Copies, mirror: Mirror, original: Original): Copy | null {
  const { head, role, outgoing, moment } = original;
  if (head.websocket || !mirror.methods.has(head.method)) return null;
  if (mirror.share < 1 && moment.random() >= mirror.share) return null;
  const { environment, whose } = mirror;
  const chosen = whose === null ? 'yes' : asks(whose, original);
  if (chosen === 'no') return null;
  const refused =
    chosen === 'unverified' ? chosen : head.length > mirror.maxBodyBytes ? ('too-large' as const) : null;
  if (refused !== null) {
    copies.count(environment, refused);
    return null;
  }
  // What it asks other apps of its group is for the candidates of those.
  const visitor = lines + (environment.group?.at(Date.now()) ?? '');
  const text = rewriteRequest(head, { ...outgoing, environment, visitor });
  return new Copy(copies, mirror, { role, method: head.method, text });
}

/** Nobody's request waits until it is known whether it would be copied. */
function asks(
  { audience, rules }: MirroredPeople,
  { visitor, moment }: Original,
): 'yes' | 'no' | 'unverified' {
  const known = visitor?.request ?? moment.asking(audience);
  if (known instanceof Promise) {
    // Who has to be waited for is known the next time.
    known.then(nothing, nothing);
    return 'unverified';
  }
  const visit = new Visit(audience.table, known);
  return rules.some((rule) => rule.test(visit)) ? 'yes' : 'no';
}

const nothing = (): void => {};
