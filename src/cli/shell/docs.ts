import { briefs } from '../text.ts';

/** As typed in help: the part after the command's name, and what it is for. */
type Example = readonly [input: string, brief: string];

/** What help says of a command. */
export function docs(name: keyof typeof briefs, ...examples: readonly Example[]) {
  const customUsage = examples.map(([input, brief]) => ({ input, brief }));
  return { brief: briefs[name], ...(customUsage.length > 0 ? { customUsage } : {}) };
}
