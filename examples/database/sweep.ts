import type { Crowd } from './crowd.ts';
import type { Ledger } from './ledger.ts';

/** Beside everybody else who asks. */
const atOnce = 8;

/** Asks for each of these users. @returns how many are not answered as they were written */
export async function unreadable(crowd: Crowd, ledger: Ledger, emails: readonly string[]): Promise<number> {
  let wrong = 0;
  const rest = emails.values();
  const lane = async (): Promise<void> => {
    for (const email of rest) {
      const row = await crowd.look(email);
      if (row === null || !ledger.agrees(row)) wrong += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return wrong;
}
