import type { LeaderView } from '../../control/contract.ts';
import type { View } from '../shell/terminal.ts';
import { glyph } from './paint.ts';
import { duration } from './units.ts';

/** Who of several control planes leads, in one line. */
export function renderLeader(leader: LeaderView, view: View): string {
  return `${glyph(view, leader.name === null ? 'warn' : 'ok')} ${leaderLine(leader, view.now)}`;
}

/** The same without its mark. */
export function leaderLine({ name, term, since, leaseLeftMs, answeredBy }: LeaderView, now: number): string {
  if (name === null) return `Nobody leads just now (said by ${answeredBy}); traffic goes on as it is`;
  const whom = name === answeredBy ? `${name}, which answers here,` : name;
  return `${whom} leads for ${duration(Math.max(now - since, 0))} (term ${term}, lease for ${duration(leaseLeftMs)} more)`;
}
