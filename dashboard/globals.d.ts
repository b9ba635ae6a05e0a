/** Names of the built assets, put in by scripts/dashboard.ts. */
declare const ASSETS: { readonly script: string; readonly style: string; readonly icon: string };
