import type { Rule } from '../config/audience.ts';

/** Whether a rule, or one in it, is about where an address is. */
export const asksForPlace = (rule: Rule): boolean =>
  asks(rule, ({ kind }) => kind === 'country' || kind === 'region' || kind === 'continent');

/** Whether a rule, or one in it, is such a one. References are not followed: what they name is asked by itself. */
export function asks(rule: Rule, such: (rule: Rule) => boolean): boolean {
  if (such(rule)) return true;
  if (rule.kind === 'all' || rule.kind === 'any') return rule.rules.some((part) => asks(part, such));
  return rule.kind === 'not' && asks(rule.rule, such);
}
