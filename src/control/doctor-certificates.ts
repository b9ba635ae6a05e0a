import { stat } from 'node:fs/promises';
import { soonMs } from '../router/embedded/tls/keeper.ts';
import type { CertificateStatus } from '../router/router.ts';
import type { Check } from './contract.ts';

interface Finding {
  readonly state: 'warning' | 'failed';
  readonly says: string;
  readonly remedy: string;
}

/** How the certificates in force are, and who may read their keys. */
export async function certificates(all: readonly CertificateStatus[], now: number): Promise<Check> {
  const findings = (await Promise.all(all.map((each) => findingsOf(each, now)))).flat();
  const worst = findings.find(({ state }) => state === 'failed') ?? findings[0];
  if (worst !== undefined) {
    const says = findings.map((finding) => finding.says).join('; ');
    return { name: 'certificates', state: worst.state, says, remedy: worst.remedy };
  }
  const says = all.map((each) => `${nameOf(each)} until ${dayOf(each.validUntil ?? 0)}`).join(', ');
  return { name: 'certificates', state: 'ok', says, remedy: null };
}

async function findingsOf(each: CertificateStatus, now: number): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  if (each.problem !== null) {
    const says = `${each.problem}; ${each.validUntil === null ? 'its hosts are refused' : 'the old one stays in force'}`;
    findings.push({ state: 'failed', says, remedy: 'correct the file: it is read again by itself' });
  }
  findings.push(...timeOf(each, now));
  // One that is gone is told as a problem.
  const mode = await stat(each.key).then(
    (found) => found.mode,
    () => 0,
  );
  if ((mode & 0o004) !== 0) {
    const says = `everyone on this machine can read ${each.key}`;
    findings.push({ state: 'warning', says, remedy: `chmod 600 ${each.key}` });
  }
  return findings;
}

/** What is wrong with the time in which it is valid. */
function timeOf(each: CertificateStatus, now: number): readonly Finding[] {
  const { validFrom, validUntil } = each;
  if (validFrom === null || validUntil === null) return [];
  const findings: Finding[] = [];
  const until = dayOf(validUntil);
  if (validUntil <= now) {
    const says = `${nameOf(each)} has expired on ${until}`;
    findings.push({ state: 'failed', says, remedy: `renew ${each.certificate}` });
  } else if (validUntil - now < soonMs) {
    const says = `${nameOf(each)} expires on ${until}`;
    findings.push({ state: 'warning', says, remedy: `renew ${each.certificate}` });
  }
  if (validFrom > now) {
    const says = `${nameOf(each)} is not valid before ${dayOf(validFrom)}`;
    findings.push({ state: 'failed', says, remedy: 'check the clock of this machine' });
  }
  return findings;
}

const nameOf = ({ names, certificate }: CertificateStatus): string => names[0] ?? certificate;

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
