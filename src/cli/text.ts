import type { CommandName, ReleaseView } from '../control/contract.ts';

/** Every sentence a person reads from the CLI that is not about one piece of data: reviewed in one place. */
const tagline = [
  'teal ships a new version into an idle environment, switches everyone to it at',
  'once, and takes it back in an instant.',
];

/** While it is under way, and when it is complete. */
export const commandLabels: Readonly<Record<CommandName, readonly [string, string]>> = {
  deploy: ['Deploying', 'Deployed'],
  promote: ['Promoting', 'Promoted'],
  approve: ['Approved', 'Approved'],
  reject: ['Rejected', 'Rejected'],
  abort: ['Aborting', 'Aborted'],
  retry: ['Retrying', 'Deployed'],
  rollback: ['Rolling back', 'Rolled back'],
  pause: ['Paused', 'Paused'],
  resume: ['Resumed', 'Resumed'],
  scale: ['Scaled', 'Scaled'],
  restart: ['Restarting', 'Restarted'],
  remove: ['Removing', 'Removed'],
  maintenance: ['Maintenance', 'Maintenance'],
  freeze: ['Frozen', 'Frozen'],
  unfreeze: ['Unfrozen', 'Unfrozen'],
  'rotate-keys': ['Rotated', 'Rotated'],
  contract: ['Contracting', 'Contracted'],
  undo: ['Undoing', 'Undone'],
};

/** One line for each command, in the order and groups of `teal --help`. */
export const briefs = {
  init: 'Write a commented teal.yaml for the app in this directory',
  up: 'Run Teal in the foreground: router, control plane and every app',
  down: 'Drain and stop everything that teal up runs',
  upgrade: 'Replace the running Teal by this one: nobody notices',
  apply: 'Show what changed in teal.yaml, and put it in force',
  deploy: 'Start a version in the idle environment, test it, switch to it',
  promote: 'Let a release that waits go live',
  approve: 'Sign a release off at the step where it waits',
  reject: 'Refuse to sign it off: the release aborts, with your reason',
  abort: 'Give up a release before it is live',
  retry: 'Try an aborted or failed release again',
  rollback: 'Send everyone back to the version before, now',
  pause: 'Hold a release where it is; its deadline stands still',
  resume: 'Let a paused release go on',
  status: 'Show what is live, what is being released, and what to do next',
  explain: 'Say where somebody is sent, and by which rule',
  plan: 'Show what a deploy would do, and to whom; changes nothing',
  preview: 'Print a link to the candidate, before it is live',
  scale: 'Change how many instances run',
  restart: 'Replace every instance, one at a time, drained',
  maintenance: 'Answer everyone with a maintenance page, or stop doing so',
  freeze: 'Hold deploys and steps; going back stays possible',
  unfreeze: 'Let deploys and steps go on',
  keys: 'Keys that cookies and previews are signed with',
  'keys rotate': 'Have a new key sign cookies and previews',
  remove: 'Stop an app and take it out of the routers',
  history: 'Show what happened, who did it and why',
  logs: 'Show what the instances wrote, or the requests: --access',
  prove: 'Send requests while something happens, and count what was lost',
  flags: 'Feature flags: where they are in their lives, and in code',
  'flags list': 'Show every flag: its stage, whom it is on for, what to do',
  'flags show': 'Show all that is known of a flag',
  'flags export': 'Print the flags of an app as flagd reads them',
  'flags refs': 'Find where flags are used in code',
  'flags check': 'Fail when flags of ended releases are still in the code',
  'flags remove': 'Take a flag out of JavaScript and TypeScript code',
  db: 'One database for both versions',
  'db lint': 'Say what migrations break or block while two versions run',
  'db prove': 'Try what both versions really send on a new schema',
  'db split': 'Sort an ordinary migration into expand and contract',
  'db collect': 'Write down which statements a server is sent, without values',
  'db new': 'Write a migration that both versions can live with',
  'db new rename-column': 'A second column by the new name, kept equal by a trigger',
  'db new rename-table': 'A view by the new name, until the old version is gone',
  'db new change-type': 'A second column of the new type, kept equal by a trigger',
  'db new set-not-null': 'NOT NULL, with what the old version leaves out filled in',
  'db new split': 'Several columns for one, kept equal by a trigger',
  'db new add-unique': 'A unique constraint, whose index blocks nobody',
  'db new add-fk': 'A foreign key, checked without blocking anybody',
  'db new drop': 'Take something away when no version uses it',
  'db run': 'Run a phase of a migration, or what is left of it',
  'db status': 'Show which phases of which migrations a database has had',
  'db contract': 'Contract the migration of a release: no older version needs it',
  'db undo': 'Undo the migration of a release that was taken back',
  dashboard: 'Print a link that opens the dashboard, once',
  login: 'Sign in to a control plane elsewhere',
  logout: 'Sign out, and forget the token',
  context: 'Control planes elsewhere, by name',
  'context list': 'Show the control planes that have a name',
  'context use': 'Have commands go to this control plane',
  'context add': 'Give the address of a control plane a name',
  'context remove': 'Forget a control plane, and its token',
  token: 'Tokens that machines and people show elsewhere',
  'token create': 'Make a token; it is shown once',
  'token list': 'Show every token: what it may, last use, expiry',
  'token revoke': 'End a token at once',
  audit: 'Who asked for what, from where, with what result',
  'audit list': 'Show who asked for what',
  'audit verify': 'Check that nobody has changed the audit log',
  'audit export': 'Print the audit log as JSON, one entry a line',
  backup: 'Write a backup of the event log to a file',
  restore: 'Make the event log that of a backup',
  store: 'Where the event log is',
  'store migrate': 'Bring the event log to another place: SQLite or PostgreSQL',
  config: 'Look at teal.yaml',
  'config check': 'Check teal.yaml, with line and remedy for every mistake',
  doctor: 'Look for what is wrong with Teal and this machine',
  version: 'Print the version',
  help: 'Print all commands, or the help of one',
} as const;

const groups: readonly (readonly [title: string, names: readonly (keyof typeof briefs)[]])[] = [
  ['Set up', ['init', 'up', 'down', 'upgrade', 'apply', 'config check']],
  [
    'Release',
    ['deploy', 'preview', 'approve', 'reject', 'promote', 'rollback', 'abort', 'retry', 'pause', 'resume'],
  ],
  [
    'Look',
    ['status', 'plan', 'explain', 'history', 'logs', 'prove', 'dashboard', 'doctor', 'version', 'help'],
  ],
  ['Flags', ['flags list', 'flags show', 'flags export', 'flags refs', 'flags check', 'flags remove']],
  [
    'Database',
    [
      'db new',
      'db split',
      'db lint',
      'db collect',
      'db prove',
      'db run',
      'db status',
      'db contract',
      'db undo',
    ],
  ],
  ['Run', ['scale', 'restart', 'maintenance', 'freeze', 'unfreeze', 'keys rotate', 'remove']],
  ['Access', ['login', 'logout', 'context', 'token', 'audit']],
  ['Keep', ['backup', 'restore', 'store migrate']],
];

/** `teal --help`: examples that can be run come first. */
export function rootHelp(): string {
  const lines = [
    ...tagline,
    '',
    'Try',
    ...examples.map(([command, what]) => `  ${command.padEnd(46)}${what}`),
  ];
  for (const [title, names] of groups) {
    lines.push('', title, ...names.map((name) => `  ${name.padEnd(14)}${briefs[name]}`));
  }
  lines.push(
    '',
    'Every command takes --json (one JSON document), --no-color, --config <file> and',
    '--help; those about a control plane also --server <url> and --context <name>.',
    'Each shows examples: teal deploy --help',
    'Exit codes: 0 done · 1 it failed · 2 asked wrongly · 4 timed out waiting.',
  );
  return lines.join('\n');
}

const examples: readonly (readonly [string, string])[] = [
  ['teal init', 'write teal.yaml'],
  ['teal up', 'run it'],
  ['teal deploy shop v2 --from . --wait', 'ship'],
  ['teal rollback shop', 'back, at once'],
  ['teal prove http://127.0.0.1:8080/', 'count losses'],
];

/** What --wait says while it waits and when it stops before the end. */
export const waitTexts = {
  interrupted: (app: string) => `The release goes on without you. Look with: teal status ${app}`,
  elsewhere: (app: string) => `It goes on without you. Look with: teal status ${app}`,
  ready: (app: string) => `Ready: waiting for teal approve ${app}`,
  gate: (app: string, release: ReleaseView | null) => {
    const by = release?.step?.by ?? null;
    const whom = by === null ? '' : ` by ${by.join(' or ')}`;
    return `Step ${(release?.step?.index ?? 0) + 1} waits for approval${whom}: teal approve ${app}`;
  },
  turn: (who: string) => `${who} Waiting for it …`,
  reconnecting: 'Teal is not answering; waiting for it to come back …',
};

export const tokenTexts = {
  once: 'only this once: keep it where your secrets are',
};

export const logTexts = {
  noRequests: 'No request in the access log is like that.',
  empty: (app: string, part: string | undefined) =>
    `${part ?? app} has written nothing. What runs: teal status ${app}`,
};

export const removeTexts = {
  question: (app: string) => `Type ${app} to remove it, anything else to keep it: `,
  kept: (app: string) => `Kept ${app}.`,
};

export const removalTexts = {
  recovered: (files: number) =>
    `An earlier removal ended in its middle: ${files === 1 ? 'one file is' : `${files} files are`} as before it.`,
  kept: (file: string) => `Somebody has changed ${file} since; it was left alone. Look at: git diff ${file}`,
};

export const upgradeTexts = {
  routers: (pid: number) => `The router is replaced (process ${pid}); now the control plane …`,
  interrupted: 'The upgrade goes on without you. Look with: teal status',
};

export const upTexts = {
  stopping: 'Draining and stopping everything … (Ctrl-C again: by force)',
  stopped: 'Stopped. Nothing is left running.',
  leaving:
    'The control plane stops; the router and every instance go on serving. Start it again with: teal up',
  hint: 'Ctrl-C drains and stops everything.',
};
