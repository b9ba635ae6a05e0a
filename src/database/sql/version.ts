/** Major versions of PostgreSQL whose rules are known, oldest first. */
export const serverVersions = [14, 15, 16, 17, 18] as const;

export type ServerVersion = (typeof serverVersions)[number];

/** The oldest: what is safe there is safe on all of them. */
export const oldestServer: ServerVersion = 14;
