import type * as v from 'valibot';
import type { ErrorCode } from '../../errors.ts';
import type { Caller, CallerEnv, From } from '../access/caller.ts';
import type { By } from '../apps.ts';

/**
 * What a caller has to be: `anyone` needs no name · `viewer` looks · `deployer` moves releases · `approver` signs them off · `admin` changes
 * what Teal runs. What the guard goes by (access/needs.ts) says the same, and both are asked.
 */
export type Role = 'anyone' | 'viewer' | 'deployer' | 'approver' | 'admin';

/** What an answer or command concerns: the `app` or `group` of its path · `own`: whatever apps the caller knows of · `all` of them. */
type About = 'app' | 'group' | 'own' | 'all';

/** What `/v1` has, in the order of the document. */
export const tags = {
  look: 'What is, and what was',
  release: 'What moves a release',
  operate: 'What changes an app or the installation beside releases',
  access: 'Who may come in',
  teal: 'Teal itself',
} as const;

type Fields = v.StrictObjectSchema<v.ObjectEntries, undefined>;

/** One way of asking something of Teal: what is validated, mounted, documented and fuzzed. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With `:name` for each of `params`. */
  readonly path: `/${string}`;
  readonly tag: keyof typeof tags;
  /** One sentence. */
  readonly says: string;
  readonly role: Role;
  readonly about: About;
  readonly params: Fields;
  /** Values come as text: numbers and booleans are read as such. */
  readonly query: Fields;
  /** Those that it looks at beside what every request may have; names in lower case. */
  readonly headers?: Fields;
  /** Of JSON. Absent: no body is read. */
  readonly body?: v.GenericSchema;
  /** Its body is no JSON but a packed archive, which its handler reads. */
  readonly takes?: 'archive';
  readonly answer: Answer;
  /** Beside those of every route: see `commonErrors`. */
  readonly errors: readonly ErrorCode[];
  /** It changes something: it heeds `Idempotency-Key`. */
  readonly acts?: true;
}

type Answer =
  /** `lines`: or as lines, when it is to be followed. */
  | { readonly kind: 'json'; readonly schema: v.GenericSchema; readonly lines?: v.GenericSchema }
  /** One JSON document a line, until the source or the client ends. */
  | { readonly kind: 'lines'; readonly schema: v.GenericSchema }
  /** Server-sent events, whose data are such documents. */
  | { readonly kind: 'events'; readonly schema: v.GenericSchema }
  | { readonly kind: 'text'; readonly type: string };

/** A request as its handler gets it: everything is of the types that the route says. */
export interface Asked<R extends Route> {
  readonly params: v.InferOutput<R['params']>;
  readonly query: v.InferOutput<R['query']>;
  readonly body: R extends { readonly body: infer B extends v.GenericSchema } ? v.InferOutput<B> : undefined;
  readonly headers: R extends { readonly headers: infer H extends Fields } ? v.InferOutput<H> : undefined;
  readonly by: By;
  /** Null where there is no guard. */
  readonly caller: Caller | null;
  readonly from: From;
  /** For what is neither JSON nor in the table: cookies, and an archive. */
  readonly request: Request;
  /** Of the answer, beside those of every answer. */
  readonly head: Headers;
  /** What is different afterwards, for the audit log, where that is not in the state of an app. */
  readonly tell: NonNullable<CallerEnv['tell']>;
  /** `Last-Event-ID`. */
  readonly lastEventId: number | null;
  /** Aborted when the client has gone, or Teal ends. */
  readonly signal: AbortSignal;
  /** Runs when the answer has been made, kept and given to the connection. */
  readonly afterwards: (run: () => void) => void;
}

/** What goes on until its end, the client's, or Teal's: opened only when somebody reads it. */
export type Source<T> = (signal: AbortSignal) => AsyncIterable<T>;

type Value<A, K extends string> = A extends { readonly [P in K]: infer S extends v.GenericSchema }
  ? v.InferOutput<S>
  : never;

/** What a handler gives, by the kind of its route's answer. */
type Given<A> = A extends { readonly kind: 'json' }
  ? Value<A, 'schema'> | (A extends { readonly lines: v.GenericSchema } ? Source<Value<A, 'lines'>> : never)
  : A extends { readonly kind: 'lines' }
    ? Source<Value<A, 'schema'>>
    : string | Source<string>;

export type Handler<R extends Route> = (asked: Asked<R>) => Promise<Given<R['answer']>>;
