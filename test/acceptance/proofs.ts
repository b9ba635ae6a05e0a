import { readdirSync } from 'node:fs';
import { scenarios } from './scenarios.ts';

/** Resolves when the scenario held; rejects with what did not. Leaves nothing behind. */
export type Proof = () => Promise<void>;

/** Every function that a `*.accept.ts` file exports under the id of a scenario. @throws Error for any other export */
export async function proofs(): Promise<ReadonlyMap<string, Proof>> {
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.accept.ts'));
  const found = new Map<string, Proof>();
  for (const file of files) {
    const exported = (await import(`./${file}`)) as Readonly<Record<string, Proof>>;
    for (const [id, proof] of Object.entries(exported)) {
      if (!scenarios.some((scenario) => scenario.id === id))
        throw new Error(`${file}: no scenario is called ${id}`);
      if (found.has(id)) throw new Error(`${file}: ${id} is proved twice`);
      found.set(id, proof);
    }
  }
  return found;
}
