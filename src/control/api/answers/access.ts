import * as v from 'valibot';
import { roles } from '../../../config/control.ts';
import type {
  AuditEntry,
  AuditReport,
  DeviceAnswer,
  DeviceBegun,
  LinkMade,
  SessionView,
  TokenMade,
  TokenView,
  UploadResult,
  WhoAmI,
} from '../../contract-access.ts';
import { count, exactly, flag, or, text, time } from './exactly.ts';

const role = v.picklist(roles);
const apps = v.pipe(or(v.array(text)), v.description('Null: every app.'));
const by = v.picklist(['socket', 'token', 'login', 'session']);
const expiresAt = v.pipe(or(v.number()), v.description('Milliseconds since the epoch; null: never.'));

export const whoAmI = exactly<WhoAmI>()(
  v.strictObject({
    actor: v.pipe(text, v.description('As the history knows them.')),
    role,
    apps,
    by,
    name: v.pipe(or(text), v.description('Of the token that was shown.')),
    expiresAt,
    maxUploadBytes: v.pipe(count, v.description('Largest archive that is taken.')),
  }),
);

export const sessionView = exactly<SessionView>()(
  v.strictObject({
    actor: text,
    role,
    apps,
    csrf: v.pipe(
      or(text),
      v.description(
        'What a page sends as x-teal-csrf with whatever changes something; null without a cookie.',
      ),
    ),
    expiresAt,
  }),
);

export const tokenView = exactly<TokenView>()(
  v.strictObject({
    id: text,
    kind: v.pipe(v.picklist(['token', 'login', 'session']), v.description('What it was given for.')),
    name: text,
    actor: v.pipe(text, v.description('As whom it acts.')),
    role,
    apps,
    of: v.pipe(
      v.exactOptional(text),
      v.description('Id of the token that a session comes from, and ends with.'),
    ),
    madeAt: time,
    madeBy: text,
    expiresAt,
    revokedAt: or(time),
    lastUsedAt: or(time),
    lastFrom: v.pipe(or(text), v.description('The address that it was last shown from.')),
    state: v.picklist(['in force', 'expired', 'revoked']),
  }),
);

export const tokenMade = exactly<TokenMade>()(
  v.strictObject({
    secret: v.pipe(text, v.description('The only time that it is seen: Teal keeps its hash.')),
    token: tokenView,
  }),
);

export const linkMade = exactly<LinkMade>()(
  v.strictObject({
    url: v.pipe(text, v.description('Lets a browser in once, as who asked; a secret.')),
    expiresAt: time,
  }),
);

export const deviceBegun = exactly<DeviceBegun>()(
  v.strictObject({
    id: v.pipe(text, v.description('What it is asked for by; a secret.')),
    userCode: text,
    uri: text,
    completeUri: v.pipe(or(text), v.description('With the code in it.')),
    expiresAt: time,
  }),
);

export const deviceAnswer = exactly<DeviceAnswer>()(
  v.strictObject({
    secret: v.pipe(or(text), v.description('The token, once; null while it is waited for.')),
  }),
);

export const loggedOut = v.strictObject({
  ended: v.pipe(flag, v.description('Whether there was a token or session to end.')),
});

export const uploadResult = exactly<UploadResult>()(
  v.strictObject({
    upload: v.pipe(text, v.description('What `from` or `log` of a body says.')),
    sha256: v.pipe(text, v.description('In hex.')),
    bytes: count,
  }),
);

export const auditEntry = exactly<AuditEntry>()(
  v.strictObject({
    number: v.pipe(count, v.description('From 1, without gaps.')),
    at: time,
    actor: text,
    role: v.pipe(or(role), v.description('Null: nobody knew who it was.')),
    by: or(by),
    token: v.pipe(or(text), v.description('Id of the token or session.')),
    address: v.pipe(or(text), v.description('Null: over the socket.')),
    agent: or(text),
    what: v.pipe(text, v.description('A command, or the route.')),
    path: text,
    status: v.pipe(count, v.description('Of the answer.')),
    code: v.pipe(or(text), v.description('Why it was refused.')),
    before: v.pipe(v.unknown(), v.description('What is different afterwards, as it was; null: nothing.')),
    after: v.unknown(),
    lost: v.pipe(count, v.description('How many entries before this one could not be written.')),
    previous: v.pipe(text, v.description('Hash of the entry before; 64 zeros for the first.')),
    hash: v.pipe(text, v.description('SHA-256 of all of the above as JSON with sorted keys, in hex.')),
  }),
);

export const auditReport = exactly<AuditReport>()(
  v.strictObject({
    ok: flag,
    entries: count,
    head: v.pipe(
      or(text),
      v.description('Hash of the newest: noted elsewhere, it proves later that nothing was changed.'),
    ),
    problems: v.array(v.strictObject({ number: count, says: text })),
  }),
);
