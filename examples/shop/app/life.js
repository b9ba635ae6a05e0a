/** `stopping` once the stop signal has come: what is in flight is still answered, and answers end their connection. */
export const life = { stopping: false };
