import { Fields } from './fields.ts';
import { field } from './known-fields.ts';

/** As many as anyone sends (gRPC-like apps send two or three). */
const trailerFields = 64;
const scratch = new Fields(trailerFields);

/**
 * Fields that may not come after the content (RFC 9110 §6.5.1): framing, routing, authentication, content format.
 * What the router sets itself may not either, or a trailer would get round it.
 */
const forbidden: ReadonlySet<number> = new Set([
  field.host,
  field.connection,
  field['keep-alive'],
  field['proxy-connection'],
  field.te,
  field.trailer,
  field.upgrade,
  field.expect,
  field['http2-settings'],
  field['proxy-authorization'],
  field['proxy-authenticate'],
  field['x-forwarded-for'],
  field['x-forwarded-proto'],
  field['x-forwarded-host'],
  field['x-forwarded-port'],
  field['x-forwarded-server'],
  field.forwarded,
  field.via,
  field['x-request-id'],
  field.cookie,
  field['content-type'],
  field.authorization,
  field['set-cookie'],
  field['content-encoding'],
  field['content-range'],
  field['cache-control'],
  field['max-forwards'],
]);

/**
 * The trailer section that may be passed on, as text without its empty line; null when it is malformed.
 * @param section field lines and the empty line, as `ChunkedDecoder.trailer` gives them
 */
export function passableTrailer(section: Buffer): string | null {
  if (section.length <= 2) return '';
  if (scratch.scan(section, 0, trailerFields) !== null) return null;
  let text = '';
  for (let index = 0; index < scratch.count; index++) {
    const id = scratch.id[index] as number;
    // Behind the content it can only be meant to be read by somebody else (RFC 9110 §6.5.1).
    if (id === field['content-length'] || id === field['transfer-encoding']) return null;
    const start = scratch.nameStart[index] as number;
    const line = section.toString('latin1', start, scratch.lineEnd(index));
    const own = line.slice(0, 7).replaceAll('_', '-').toLowerCase() === 'x-teal-';
    if (!own && !forbidden.has(id)) text += line;
  }
  return text;
}
