import { row, type Mistake } from './mistakes.ts';

/** A right file but for the one line. */
const control = (inside: string): string =>
  `control: { ${inside} }\napps: { shop: { run: { process: { command: x } } } }`;

const oidc = (more: string): string =>
  control(
    `listen: 7433, url: "https://teal.test", oidc: { issuer: "https://id.test", client-id: teal, ${more} }`,
  );

const roles = 'roles: { admin: [ops] }';

export const controlMistakes: readonly Mistake[] = [
  row('an open port without TLS', control('listen: @0.0.0.0:7433'), 'control.listen', [
    'control.tls beside an address that can be reached from elsewhere',
    '0.0.0.0:7433 without encryption',
    /^add tls: \{ certificate: …, key: … \}, or write 127\.0\.0\.1:7433/,
  ]),
  row('TLS of nothing', control('tls: @{ certificate: a, key: b }'), 'control.tls', [
    'control.listen beside it',
    'none',
    'add control: { listen: 127.0.0.1:7433 }',
  ]),
  row('an address for people without TLS', control('listen: 7433, url: @"http://teal.test"'), 'control.url', [
    'an address such as https://teal.example.com',
    '"http://teal.test"',
    'write https://: what is sent there must not be read on the way',
  ]),
  row('an address with a path', control('listen: 7433, url: @"https://teal.test/x"'), 'control.url', [
    'an address such as https://teal.example.com',
    '"https://teal.test/x"',
    'write https://teal.test',
  ]),
  row('an address with a password', control('listen: 7433, url: @"https://a:b@teal.test"'), 'control.url', [
    'an address such as https://teal.example.com',
    '"https://…@teal.test"',
    'write it without name and password',
  ]),
  row(
    'plain http beside TLS',
    control('listen: 7433, tls: { certificate: a, key: b }, url: @"http://127.0.0.1:7433"'),
    'control.url',
    ['https://, since control.tls is there', 'http://127.0.0.1:7433', 'write https://127.0.0.1:7433'],
  ),
  row(
    'sign-in without an address',
    control(`listen: 7433, oidc: @{ issuer: "https://id.test", client-id: teal, ${roles} }`),
    'control.oidc',
    ['control.url beside it', 'none', /^add control\.url/],
  ),
  row('a secret that is written', oidc(`client-secret: @hunter2, ${roles}`), 'control.oidc.client-secret', [
    '{ secret: env:NAME } or { secret: file:/path }',
    /not shown/,
    'name where the secret is, never the secret itself: { secret: env:NAME }',
  ]),
  row('roles of nobody', oidc('roles: {}').replace('oidc: {', 'oidc: @{'), 'control.oidc', [
    'at least one group in roles',
    'nobody',
    'name a group: roles: { admin: [ops] }',
  ]),
  row(
    'scopes without openid',
    oidc(`scopes: [email], ${roles}`).replace('oidc: {', 'oidc: @{'),
    'control.oidc',
    ['the scope openid', 'email', 'add openid to scopes'],
  ),
  row('a role that there is not', oidc('roles: { @owner: [ops] }'), 'control.oidc.roles.owner', [
    'one of the keys viewer, deployer, approver, admin',
    'the unknown key "owner"',
    /./,
  ]),
];
