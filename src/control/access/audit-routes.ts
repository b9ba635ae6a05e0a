import { Hono, type Context } from 'hono';
import { stream } from 'hono/streaming';
import { TealError } from '../../errors.ts';
import type { AuditLog } from './audit-log.ts';

/** As many as a person reads; more by `before`. */
const defaultLimit = 50;
const mostLimit = 1000;

/** Below /v1: the audit log. */
export function auditRoutes(audit: AuditLog, closing: AbortSignal): Hono {
  const app = new Hono();
  app.get('/audit', async (c) => {
    const before = whole(c, 'before');
    const limit = Math.min(whole(c, 'limit') ?? defaultLimit, mostLimit);
    return c.json(await audit.recent({ limit, ...(before === null ? {} : { before }) }));
  });
  app.get('/audit/verify', async (c) => c.json(await audit.verify(hashAsked(c))));
  app.get('/audit/export', (c) => {
    c.header('content-type', 'application/x-ndjson');
    const after = whole(c, 'after') ?? 0;
    return stream(c, async (out) => {
      const gone = new AbortController();
      out.onAbort(() => gone.abort());
      for await (const entry of audit.export(after, AbortSignal.any([gone.signal, closing])))
        await out.write(`${JSON.stringify(entry)}\n`);
    });
  });
  return app;
}

function whole(c: Context, name: string): number | null {
  const text = c.req.query(name);
  if (text === undefined) return null;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new TealError('usage', `${name}=${text.slice(0, 40)} is not a whole number.`, {
    remedy: `for example ${name}=50`,
  });
}

function hashAsked(c: Context): string | null {
  const text = c.req.query('expect');
  if (text === undefined || text === '') return null;
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new TealError('usage', `${text.slice(0, 80)} is no hash of an entry.`, {
    remedy: 'give the 64 hex digits that teal audit verify has shown',
  });
}
