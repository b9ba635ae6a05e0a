/** The keys of `router.tls`: encryption towards clients. */
import * as v from 'valibot';
import { cidr, listenAddress } from './kinds-network.ts';
import { choice, days, filePath, orNone, yesNo } from './kinds-plain.ts';
import { keys, oneOrMany } from './leaf.ts';
import { key, maybe, needed } from './schema-keys.ts';

const certificate = keys({
  certificate: needed(
    filePath('/etc/teal/shop.pem'),
    'PEM file of the certificate, then the intermediate ones. The names it is shown for are those it holds.',
  ),
  key: needed(filePath('/etc/teal/shop.key'), 'PEM file of its private key, without a passphrase.'),
});

const clientCertificates = keys({
  ca: needed(filePath('/etc/teal/clients.pem'), 'PEM file of the authorities that issue them.'),
  mode: key(
    choice(['require', 'ask']),
    'require',
    'require: nobody comes in without one. ask: the app is told who came, in X-Teal-Client-*. require by default: who names an authority means it.',
  ),
});

export const tls = keys({
  listen: needed(oneOrMany(listenAddress), 'One address or a list, such as 0.0.0.0:443.'),
  certificates: needed(
    oneOrMany(certificate),
    'One or a list, chosen by the name the client asks for; the first when none fits. The files are read again when they change, without a dropped connection; a pair that does not fit is refused, and the old one stays. One that is no good at the start costs its own hosts only.',
  ),
  'min-version': key(
    choice(['TLSv1.2', 'TLSv1.3']),
    'TLSv1.2',
    'Oldest version of TLS. TLSv1.2 by default: RFC 8996 ended the ones before.',
  ),
  'client-certificates': maybe(clientCertificates, 'Certificates of clients. Not asked for when left out.'),
  http2: key(
    yesNo,
    true,
    'Offer HTTP/2 by ALPN. true by default: browsers load pages with many files faster by it.',
  ),
  redirect: key(
    yesNo,
    true,
    'Requests on router.listen get a 308 to https, but those of ACME, and previews asked for on this machine. true by default: who has a certificate wants it used.',
  ),
  acme: maybe(
    listenAddress,
    'Where an ACME client such as certbot or lego answers challenges itself: /.well-known/acme-challenge/ goes there, for every host. To the app when left out.',
  ),
  hsts: key(
    orNone(days, 'a number of days such as 365d', { type: 'string' }),
    'none',
    'Strict-Transport-Security on https answers, for this long. none by default: browsers do not forget it when you change your mind.',
  ),
});

export const proxyProtocol = key(
  v.array(cidr),
  [],
  'CIDR ranges of load balancers that open each connection with a PROXY header (v1 or v2): from them it is required, from others never read. [] by default: nobody.',
);
