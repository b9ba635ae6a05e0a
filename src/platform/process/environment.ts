/** What an instance is told by its environment. */
import type { EnvironmentValue } from '../../config/environment-value.ts';
import { valueOf } from '../../config/secret.ts';
import { TealError } from '../../errors.ts';
import type { InstanceSpec } from './folder.ts';

/** Teal's own environment may hold its secrets and the shell's clutter: only these are passed on, and `LC_*`. */
const passedOn = new Set(['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR', 'USER', 'SHELL']);

type Environment = Readonly<Record<string, string>>;

/**
 * The whole environment of an instance: some of Teal's own, the role's with its secrets resolved, and Teal's words.
 * @throws TealError `secret-missing`, `config-invalid`
 */
export function instanceEnvironment(spec: InstanceSpec, own: NodeJS.ProcessEnv): Environment {
  return { ...roleEnvironment(spec.spec.environment, own), ...tealEnvironment(spec) };
}

/**
 * The part that is the same for every instance of a role.
 * @throws TealError `secret-missing`, `config-invalid`
 */
export function roleEnvironment(
  values: Readonly<Record<string, EnvironmentValue>>,
  own: NodeJS.ProcessEnv,
): Environment {
  const inherited = Object.entries(own).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && (passedOn.has(entry[0]) || entry[0].startsWith('LC_')),
  );
  const given = Object.entries(values).map(([name, value]) => [checkName(name), valueOf(name, value, own)]);
  return Object.fromEntries([...inherited, ...given]) as Environment;
}

// Shorter ones would be found in every other word.
const leastRedacted = 4;

/** Replaces the values of the role's secrets in text that was printed by the app and is going to be shown. */
export function redact(
  text: string,
  values: Readonly<Record<string, EnvironmentValue>>,
  own: NodeJS.ProcessEnv,
): string {
  const secrets = Object.entries(values).filter(([, value]) => value.kind === 'secret');
  return secrets.reduce((shown, [name, value]) => {
    // Line by line: what is shown is too, and a key has many.
    const lines = resolvable(name, value, own)
      .split(/\r?\n/)
      .filter((line) => line.length >= leastRedacted);
    return lines.reduce((less, line) => less.replaceAll(line, `[${name}]`), shown);
  }, text);
}

function resolvable(name: string, value: EnvironmentValue, own: NodeJS.ProcessEnv): string {
  try {
    return valueOf(name, value, own);
  } catch {
    return '';
  }
}

function tealEnvironment(spec: InstanceSpec): Environment {
  return {
    TEAL_APP: spec.app,
    TEAL_VERSION: spec.version,
    TEAL_ENVIRONMENT: spec.colour,
    TEAL_ROLE: spec.role,
    TEAL_INSTANCE: spec.id,
    ...(spec.port === null ? {} : { HOST: spec.host, PORT: String(spec.port) }),
  };
}

/** Shells drop variables with other names on the way to the app: refused rather than lost. */
function checkName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  throw new TealError('config-invalid', `"${name}" cannot be the name of an environment variable`, {
    remedy: 'Use letters, digits and _ only, not beginning with a digit.',
    details: { name },
  });
}
