import * as v from 'valibot';
import { roles } from '../../config/control.ts';

/** As in teal.yaml: letters, digits and few signs; a kind may stand before a colon. */
const personName = v.pipe(v.string(), v.maxLength(100), v.regex(/^[\w.@+-]+(:[\w.@+/-]+)?$/));

/** What makes a token. */
export const tokenBody = v.strictObject({
  name: v.pipe(v.string(), v.maxLength(64), v.regex(/^[A-Za-z0-9][\w.@+-]*$/)),
  role: v.picklist(roles),
  apps: v.exactOptional(
    v.pipe(
      v.array(v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,39}$/))),
      v.minLength(1),
      v.maxLength(100),
      v.description('Good for these only; for every app when left out.'),
    ),
  ),
  expiresMs: v.exactOptional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1000),
      v.maxValue(Number.MAX_SAFE_INTEGER),
      v.description('How long it is good, in milliseconds; for ever when left out.'),
    ),
  ),
  actor: v.exactOptional(v.pipe(personName, v.description('As whom it acts; token:<name> when left out.'))),
});

/** What a device asks with. */
export const deviceBody = v.strictObject({
  id: v.pipe(
    v.string(),
    v.regex(/^[A-Za-z0-9_-]{43}$/),
    v.description('The id that its sign-in began with.'),
  ),
});

/** What an archive comes with. */
export const archiveHeaders = v.strictObject({
  'content-digest': v.pipe(
    v.string(),
    v.maxLength(500),
    v.regex(/(?:^|[,\s])sha-256=:[A-Za-z0-9+/]{43}=:/),
    v.description('sha-256=:<base64>: of the archive (RFC 9530).'),
  ),
  'x-teal-packed': v.exactOptional(
    v.pipe(v.picklist(['folder']), v.description('It holds the files of a folder as they are.')),
  ),
});
