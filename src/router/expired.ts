import type { AppTable, RoutingTable } from './table.ts';

/** Whether anybody is sent to a candidate. */
export function exposes({ apps }: RoutingTable): boolean {
  return apps.some(({ audience }) => (audience?.release ?? null) !== null);
}

/**
 * The same table with what releases expose out of force: everyone goes to live, also who was admitted. All else stays: what is live, previews, pages'
 * files, maintenance; and a release stays known, so that nobody loses the cookies by which he is known again when it is back in force.
 */
export function withoutExposures(table: RoutingTable): RoutingTable {
  return { ...table, apps: table.apps.map(withoutExposure) };
}

function withoutExposure(app: AppTable): AppTable {
  const { audience } = app;
  if (audience === undefined || audience === null || audience.release === null) return app;
  return { ...app, audience: { ...audience, release: { ...audience.release, expired: true } } };
}
