import type { Feature } from '../../src/config/features.ts';

/** A flag as teal.yaml makes it, but for what a test is about: with v2, for nobody before it. */
export const feature = (more: Partial<Feature> = {}): Feature => ({
  default: false,
  on: true,
  for: [],
  width: null,
  with: 'v2',
  description: null,
  owner: null,
  expires: null,
  ...more,
});
