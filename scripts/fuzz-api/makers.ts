/** How a request of each kind is made of what is right. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import * as v from 'valibot';
import { stopBody } from '../../src/control/api/bodies.ts';
import { bytesOf, json, withField, type Head } from './bytes.ts';
import type { Case, Kind } from './case.ts';
import { nearly } from './mutate.ts';
import { encodings, methods, nonsense, oddFields, queries, tricks } from './odd.ts';
import { words } from './schema-arbitrary.ts';
import { bodyText, encoded, isFree, takes, type Subject } from './subject.ts';

type Made = Omit<Case, 'route'> & { readonly target: string };

const plain = { how: 'whole', acceptable: true, twice: false } as const;

const archives = fc
  .tuple(
    fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constant(new Uint8Array(70_000))),
    fc.constantFrom('right', 'right', 'wrong', 'other', 'none'),
    fc.constantFrom(null, null, 'folder', 'else'),
  )
  .map(([content, digest, packed]) => {
    const body = Buffer.from(content);
    const sum = createHash('sha256')
      .update(digest === 'wrong' ? 'x' : body)
      .digest('base64');
    const named = digest === 'other' ? `md5=:${sum}:` : `sha-256=:${sum}:`;
    const fields = [
      'content-type: application/gzip',
      ...(digest === 'none' ? [] : [`content-digest: ${named}`]),
      ...(packed === null ? [] : [`x-teal-packed: ${packed}`]),
    ];
    return { body, fields, acceptable: digest === 'right' && packed !== 'else' };
  });

type Maker = (subject: Subject) => fc.Arbitrary<Omit<Made, 'kind'> & { readonly kind: Kind }>;

function withBody(kind: Kind, subject: Subject, bodies: fc.Arbitrary<unknown>): ReturnType<Maker> {
  return subject.route.takes === 'archive' ? withArchive(kind, subject) : withJson(kind, subject, bodies);
}

const withArchive = (kind: Kind, { target, route: { method } }: Subject): ReturnType<Maker> =>
  fc.tuple(target, archives).map(([at, { body, fields, acceptable }]) => {
    const bytes = bytesOf({ method, target: at, fields, body });
    return { ...plain, kind, method, target: at, bytes, acceptable };
  });

const withJson = (kind: Kind, subject: Subject, bodies: fc.Arbitrary<unknown>): ReturnType<Maker> =>
  fc.tuple(subject.target, bodies).map(([target, body]) => {
    const { method } = subject.route;
    const text = subject.takesBody ? JSON.stringify(body) : null;
    const bytes = bytesOf({ method, target, fields: text === null ? [] : [json], body: text });
    const acceptable = isFree(subject) || takes(subject, body);
    return { ...plain, kind, method, target, bytes, acceptable };
  });

export const makers: Readonly<Record<Kind, Maker>> = {
  valid: (subject) => withBody('valid', subject, subject.body),

  nearly: (subject) =>
    withBody(
      'nearly',
      subject,
      subject.body.chain(nearly).map((body) => (subject.id === 'stop' && v.is(stopBody, body) ? {} : body)),
    ),

  malformed: (subject) =>
    fc
      .tuple(subject.target, bodyText(subject), fc.nat(), fc.constantFrom('cut', 'more', 'flip', 'none'))
      .map(([target, text, at, how]) => {
        const { method } = subject.route;
        const bad = broken(text, at, how);
        const bytes = bytesOf({ method, target, fields: [json], body: bad });
        const value = parsed(bad);
        const understood = subject.takesBody && value.ok && takes(subject, value.value);
        const acceptable = isFree(subject) || understood;
        return { ...plain, kind: 'malformed', method, target, bytes, acceptable };
      }),

  huge: (subject) =>
    fc.tuple(subject.target, fc.constantFrom('body', 'head', 'declared', 'chunk')).map(([target, what]) => {
      const { method } = subject.route;
      const large = `{"reason":"${'x'.repeat(300_000)}"}`;
      const forms: Readonly<Record<string, Partial<Head>>> = {
        body: { fields: [json], body: large },
        head: { fields: [`x-large: ${'x'.repeat(30_000)}`] },
        declared: { fields: [json, 'content-length: 99999999999'], body: '{' },
        chunk: {
          fields: [json, 'transfer-encoding: chunked'],
          body: `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`,
        },
      };
      const bytes = bytesOf({ method, target, ...forms[what] });
      // Nobody waits for the rest of what will not come.
      const how = what === 'declared' ? 'half' : 'whole';
      return {
        ...plain,
        kind: 'huge',
        method,
        target,
        bytes,
        how,
        acceptable: isFree(subject) && what !== 'head',
      };
    }),

  truncated: (subject) =>
    fc
      .tuple(subject.target, bodyText(subject), fc.nat(), fc.constantFrom<'half' | 'cut'>('half', 'cut'))
      .map(([target, text, at, how]) => {
        const { method } = subject.route;
        const whole = bytesOf({ method, target, fields: [json], body: text });
        const bytes = whole.subarray(0, 1 + (at % (whole.length - 1)));
        return { ...plain, kind: 'truncated', method, target, bytes, how, acceptable: isFree(subject) };
      }),

  slow: (subject) =>
    withBody('slow', subject, subject.body).map((made) => ({ ...made, how: 'drip' as const })),

  deep: (subject) =>
    fc
      .tuple(
        subject.target,
        fc.constantFrom('[', '{"a":', '[[],', '{"reason":['),
        fc.constantFrom(10, 1000, 40_000),
      )
      .map(([target, open, times]) => {
        const { method } = subject.route;
        const close = open.startsWith('[') ? ']' : '}';
        const closed = times === 10 ? close.repeat(times) : '';
        const body = `${open.repeat(times)}1${closed}`.slice(0, 250_000);
        const bytes = bytesOf({ method, target, fields: [json], body });
        return { ...plain, kind: 'deep', method, target, bytes, acceptable: isFree(subject) };
      }),

  path: (subject) =>
    fc
      .tuple(subject.target, bodyText(subject), fc.nat(), fc.constantFrom(...tricks))
      .map(([right, text, at, trick]) => {
        const { method } = subject.route;
        const parts = right.split('/');
        const target = parts.with(1 + (at % (parts.length - 1)), trick).join('/');
        const bytes = bytesOf({ method, target, fields: [json], body: method === 'GET' ? null : text });
        return { ...plain, kind: 'path', method, target, bytes };
      }),

  query: (subject) =>
    fc
      .tuple(subject.target, bodyText(subject), fc.constantFrom(...queries), words)
      .map(([right, text, query, word]) => {
        const { method } = subject.route;
        const target = `${right.split('?')[0] ?? ''}?${query.replace('WORD', () => encoded(word))}`;
        const fields = method === 'GET' ? [] : [json];
        const bytes = bytesOf({ method, target, fields, body: method === 'GET' ? null : text });
        return { ...plain, kind: 'query', method, target, bytes };
      }),

  method: (subject) =>
    fc.tuple(subject.target, bodyText(subject), fc.constantFrom(...methods)).map(([target, text, method]) => {
      const body = ['GET', 'HEAD'].includes(method) ? null : text;
      const bytes = bytesOf({ method, target, fields: [json], body });
      return { ...plain, kind: 'method', method, target, bytes };
    }),

  encoding: (subject) =>
    fc
      .tuple(subject.target, bodyText(subject), fc.constantFrom(...encodings))
      .map(([target, text, encode]) => {
        const { method } = subject.route;
        const bytes = bytesOf({ method, target, ...encode(text) });
        return { ...plain, kind: 'encoding', method, target, bytes, acceptable: isFree(subject) };
      }),

  headers: (subject) =>
    fc
      .tuple(subject.target, bodyText(subject), fc.constantFrom(...oddFields), words)
      .map(([target, text, odd, word]) => {
        const { method } = subject.route;
        const fields = odd(text, word.replaceAll(/[\r\n\0]/g, ' '));
        const bytes = bytesOf({
          method,
          target,
          fields: [json, ...fields],
          body: method === 'GET' ? null : text,
        });
        return { ...plain, kind: 'headers', method, target, bytes };
      }),

  once: (subject) =>
    fc.tuple(withBody('once', subject, subject.body), fc.uuid()).map(([made, key]) => {
      const bytes = withField(made.bytes, `idempotency-key: ${key}`);
      return { ...made, bytes, twice: subject.route.acts === true };
    }),

  role: (subject) =>
    withBody('role', subject, subject.body).map((made) => {
      const { route, world, id } = subject;
      // Whoever ends their token would be nobody from then on.
      const shown = id === 'logout' ? `${world.looker}x` : world.looker;
      const mayLook = route.role === 'anyone' || (route.role === 'viewer' && id !== 'logout');
      return {
        ...made,
        bytes: withField(made.bytes, `authorization: Bearer ${shown}`),
        acceptable: made.acceptable && mayLook,
      };
    }),

  http: (subject) =>
    fc.tuple(subject.target, fc.constantFrom(...nonsense)).map(([target, make]) => ({
      ...plain,
      kind: 'http',
      method: subject.route.method,
      // Whatever it is, it is not asked to be understood.
      target: '*',
      bytes: Buffer.from(make(target), 'latin1'),
      how: 'half' as const,
    })),
};

function broken(text: string, at: number, how: string): string {
  if (how === 'none') return '';
  const place = at % Math.max(1, text.length);
  if (how === 'cut') return text.slice(0, place);
  if (how === 'more') return `${text}${text.slice(0, 1 + place)}`;
  return `${text.slice(0, place)}${'{}[],:"\\0x'.charAt(at % 10)}${text.slice(place + 1)}`;
}

function parsed(text: string): { readonly ok: boolean; readonly value?: unknown } {
  if (text === '') return { ok: true, value: {} };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false };
  }
}
