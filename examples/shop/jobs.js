// For tools and tests: how far the orders are. The queue itself is part of the app.
export { jobCounts, shifts } from './app/jobs.js';
