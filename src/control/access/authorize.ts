import type { Caller } from './caller.ts';
import { knows } from './caller.ts';
import type { Needed } from './needs.ts';
import { everyApp, otherApp, tooLow } from './refusals.ts';
import { mayAs } from './role.ts';

/** What is released with what. */
export interface Together {
  members(group: string): readonly string[];
  companions(app: string): readonly string[];
}

/** Every app that it is done to, also where it has left the group that it is still released with. */
export function concerned(
  { app, group }: Pick<Needed, 'app' | 'group'>,
  together: Together,
): readonly string[] {
  const named = group === null ? (app === null ? [] : [app]) : together.members(group);
  return [...new Set(named.flatMap((each) => together.companions(each)))];
}

/** Whether they may ask for it. @throws TealError `not-allowed`, with the role that is needed and who they are */
export function authorize(caller: Caller, needed: Needed, together: Together): void {
  if (needed.role !== 'anyone' && !mayAs(caller.role, needed.role))
    throw tooLow(caller, needed.role, needed.what);
  if (caller.apps === null || needed.about === 'own') return;
  if (needed.about === 'all') throw everyApp(caller, needed.what);
  // What is done to one app of a group may be done to all of them.
  const asked = concerned(needed, together);
  const other = asked.find((app) => !knows(caller, app));
  if (other !== undefined) throw otherApp(caller, other);
  if (asked.length === 0) throw otherApp(caller, needed.group ?? needed.app ?? '');
}
