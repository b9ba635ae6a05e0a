/** The keys of `control`: how people and machines reach the control plane when they are not on its machine. */
import * as v from 'valibot';
import { cidr, listenAddress } from './kinds-network.ts';
import { origin } from './kinds-origin.ts';
import { duration, filePath, size, text } from './kinds-plain.ts';
import { secretReference } from './kinds-process.ts';
import { keys } from './leaf.ts';
import { key, maybe, needed } from './schema-keys.ts';

const certificate = keys({
  certificate: needed(
    filePath('/etc/teal/control.pem'),
    'PEM file of the certificate, then the intermediate ones. Read again when it changes.',
  ),
  key: needed(filePath('/etc/teal/control.key'), 'PEM file of its private key, without a passphrase.'),
});

const group = text('the name of a group', 'release-managers');
const groupsOf = (role: string) =>
  key(
    v.array(group),
    [],
    `Groups whose people are ${role}; "*" is everybody whom the issuer knows. [] by default.`,
  );

const oidc = keys({
  issuer: needed(
    origin('path'),
    'Address of the OpenID provider, as it says it itself: https, but for one on this machine.',
  ),
  'client-id': needed(
    text('a client id', 'teal'),
    'As registered there, with <control.url>/login/callback as redirect.',
  ),
  'client-secret': maybe(
    secretReference,
    'Where the secret is: { secret: env:NAME } or { secret: file:/path }. A public client when left out.',
  ),
  scopes: key(
    v.array(text('a scope', 'groups')),
    ['openid', 'profile', 'email'],
    'What is asked for; openid is needed. [openid, profile, email] by default: some providers give groups only when asked for groups too, and others refuse that.',
  ),
  name: key(
    text('a claim', 'email'),
    'preferred_username',
    'Claim by which people are known in the history, and to approvals. preferred_username by default; it has to be one that nobody can change for themselves. An email address counts only when the issuer has verified it.',
  ),
  groups: key(text('a claim', 'groups'), 'groups', 'Claim with their groups. groups by default.'),
  roles: needed(
    keys({
      viewer: groupsOf('viewers'),
      deployer: groupsOf('deployers'),
      approver: groupsOf('approvers'),
      admin: groupsOf('admins'),
    }),
    'Who may do what, by group; of several the one that may most. Who is in none is not let in.',
  ),
  session: key(
    duration(60_000),
    '12h',
    'How long a sign-in holds. 12h by default: a day of work; who leaves loses it overnight.',
  ),
});

export const control = keys({
  listen: maybe(
    listenAddress,
    'An address for the API beside its socket; a port alone means loopback. Tokens are needed there, and tls where it can be reached from elsewhere. Only the socket when left out.',
  ),
  tls: maybe(certificate, 'Encryption of that address.'),
  url: maybe(
    origin('bare'),
    'How people reach it, such as https://teal.example.com: needed by oidc, and where a proxy stands before it.',
  ),
  'trusted-proxies': key(
    v.array(cidr),
    [],
    "CIDR ranges whose X-Forwarded-For is believed, for the audit log and the limits of rates. [] by default: nobody's.",
  ),
  'max-upload': key(
    size(1024),
    '1GB',
    'Largest archive that `teal deploy --from` may send. 1GB by default: larger than almost every build, smaller than most disks.',
  ),
  oidc: maybe(oidc, 'Who signs people in. Tokens alone when left out.'),
});
