/** What can be dropped in the last phase. */
export const droppable = ['column', 'table', 'view', 'index', 'function', 'type'] as const;

export type Droppable = (typeof droppable)[number];
