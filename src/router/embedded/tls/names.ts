/** The DNS names of a `subjectAltName` as Node prints it, in lower case. Others (addresses, mail) are never in SNI. */
export function dnsNames(subjectAltName: string | undefined): readonly string[] {
  const names: string[] = [];
  // Values with odd characters are printed in quotes: none of them is a host name.
  for (const [, kind, value] of (subjectAltName ?? '').matchAll(
    /([^:,"]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g,
  )) {
    const name = value?.toLowerCase() ?? '';
    if (kind === 'DNS' && /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(name)) names.push(name);
  }
  return names;
}

/** Which of several holders a name belongs to. A wildcard stands for exactly one label (RFC 9525 §6.3). */
export class NameTable<Holder> {
  readonly #exact = new Map<string, Holder>();
  /** Keyed by what follows `*.`. */
  readonly #wildcard = new Map<string, Holder>();

  /** Where two hold the same name, the first does. */
  constructor(holders: readonly (readonly [readonly string[], Holder])[]) {
    for (const [names, holder] of holders) {
      for (const name of names) {
        const [map, key] = name.startsWith('*.') ? [this.#wildcard, name.slice(2)] : [this.#exact, name];
        if (!map.has(key)) map.set(key, holder);
      }
    }
  }

  find(asked: string): Holder | null {
    const name = asked.toLowerCase().replace(/\.$/, '');
    const parent = name.slice(name.indexOf('.') + 1);
    return this.#exact.get(name) ?? (parent === name ? null : (this.#wildcard.get(parent) ?? null));
  }
}
