/**
 * The one error a person of Teal ever sees: a stable code, what failed with the value, and what to do.
 *
 * `message` says what failed and shows the value; `remedy` is the next thing to do, often a command to type.
 * Anything thrown that is not a `TealError` is a bug of ours and is reported as `internal`.
 */
export class TealError extends Error {
  override readonly name = 'TealError';
  readonly code: ErrorCode;
  readonly remedy: string;
  /** Facts for machines (`--json`), never secrets. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, more: ErrorMore) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.remedy = more.remedy;
    this.details = more.details ?? {};
  }

  /** The shape that travels over the API and is printed by `--json`. */
  toJSON(): ErrorJson {
    return { code: this.code, message: this.message, remedy: this.remedy, details: this.details };
  }

  static from(json: ErrorJson): TealError {
    const code = json.code in errorCodes ? json.code : 'internal';
    return new TealError(code, json.message, { remedy: json.remedy, details: json.details });
  }
}

export interface ErrorMore {
  readonly remedy: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

export interface ErrorJson {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * Every code there is, with the exit code of the CLI (1: it failed, 2: it was asked wrongly) and the HTTP status
 * of the API. A code never changes its meaning; docs/errors.md has a line for each (a test compares them).
 */
export const errorCodes = {
  internal: { exit: 1, status: 500 },
  usage: { exit: 2, status: 400 },
  // config/
  'config-not-found': { exit: 2, status: 400 },
  'config-invalid': { exit: 2, status: 422 },
  // release/: refusals
  'app-unknown': { exit: 2, status: 404 },
  'version-unknown': { exit: 2, status: 404 },
  'version-exists': { exit: 1, status: 409 },
  'version-changed': { exit: 1, status: 409 },
  'version-source-invalid': { exit: 2, status: 422 },
  'release-in-progress': { exit: 1, status: 409 },
  'deploy-leased': { exit: 1, status: 409 },
  'no-release': { exit: 1, status: 409 },
  'wrong-state': { exit: 1, status: 409 },
  'nothing-to-roll-back-to': { exit: 1, status: 409 },
  'released-together': { exit: 2, status: 409 },
  'migration-open': { exit: 2, status: 409 },
  'schema-contracted': { exit: 2, status: 409 },
  'migration-unproven': { exit: 1, status: 409 },
  'already-live': { exit: 1, status: 409 },
  'not-allowed': { exit: 1, status: 403 },
  frozen: { exit: 1, status: 409 },
  'moved-on': { exit: 1, status: 409 },
  rejected: { exit: 1, status: 409 },
  'release-failed': { exit: 1, status: 409 },
  'verdict-fail': { exit: 1, status: 424 },
  // platform/
  'command-not-found': { exit: 1, status: 422 },
  'directory-not-found': { exit: 1, status: 422 },
  'health-deadline': { exit: 1, status: 424 },
  'crash-loop': { exit: 1, status: 424 },
  'limits-unsupported': { exit: 2, status: 422 },
  'secret-missing': { exit: 2, status: 422 },
  'test-failed': { exit: 1, status: 424 },
  // router/
  'certificate-invalid': { exit: 2, status: 422 },
  'port-taken': { exit: 1, status: 503 },
  'route-conflict': { exit: 2, status: 409 },
  'flag-in-use': { exit: 2, status: 409 },
  'router-unavailable': { exit: 1, status: 503 },
  'table-refused': { exit: 1, status: 409 },
  // store/
  'store-unreadable': { exit: 1, status: 503 },
  'store-conflict': { exit: 1, status: 409 },
  'store-newer': { exit: 1, status: 503 },
  'store-unavailable': { exit: 1, status: 503 },
  'store-exists': { exit: 1, status: 409 },
  'backup-invalid': { exit: 1, status: 422 },
  'package-missing': { exit: 2, status: 422 },
  'disk-full': { exit: 1, status: 507 },
  // features/
  'flag-unknown': { exit: 2, status: 404 },
  'flags-invalid': { exit: 2, status: 422 },
  'parser-missing': { exit: 1, status: 501 },
  'removal-refused': { exit: 1, status: 409 },
  'uncommitted-changes': { exit: 1, status: 409 },
  'check-failed': { exit: 1, status: 424 },
  // database/
  'migration-exists': { exit: 1, status: 409 },
  'migration-invalid': { exit: 2, status: 422 },
  'migration-failed': { exit: 1, status: 424 },
  'migration-changed': { exit: 1, status: 409 },
  'migration-order': { exit: 1, status: 409 },
  'migration-busy': { exit: 1, status: 409 },
  'migration-interrupted': { exit: 1, status: 409 },
  'backfill-incomplete': { exit: 1, status: 409 },
  'lock-not-granted': { exit: 1, status: 409 },
  'schema-drift': { exit: 1, status: 409 },
  'preflight-failed': { exit: 1, status: 409 },
  'database-unavailable': { exit: 1, status: 503 },
  'database-rights': { exit: 1, status: 403 },
  'shadow-failed': { exit: 1, status: 424 },
  'corpus-invalid': { exit: 2, status: 422 },
  // control/access/
  'not-signed-in': { exit: 1, status: 401 },
  'too-many-requests': { exit: 1, status: 429 },
  'login-failed': { exit: 1, status: 403 },
  'upload-invalid': { exit: 2, status: 422 },
  'upload-too-large': { exit: 2, status: 413 },
  'audit-broken': { exit: 1, status: 500 },
  // control/: requests that the API does not take
  'not-found': { exit: 2, status: 404 },
  'method-not-allowed': { exit: 2, status: 405 },
  'request-timeout': { exit: 1, status: 408 },
  'body-too-large': { exit: 2, status: 413 },
  'unsupported-media-type': { exit: 2, status: 415 },
  'headers-too-large': { exit: 2, status: 431 },
  'key-reused': { exit: 2, status: 422 },
  'request-interrupted': { exit: 1, status: 409 },
  busy: { exit: 1, status: 503 },
  'not-ready': { exit: 1, status: 503 },
  // control/ and cli/
  'control-unavailable': { exit: 1, status: 503 },
  'already-running': { exit: 1, status: 409 },
  'upgrade-failed': { exit: 1, status: 424 },
  'not-leader': { exit: 1, status: 503 },
  'timed-out': { exit: 4, status: 504 },
  'requests-failed': { exit: 1, status: 500 },
  'target-unreachable': { exit: 1, status: 503 },
  'config-exists': { exit: 1, status: 409 },
} as const satisfies Record<string, { exit: 1 | 2 | 3 | 4; status: number }>;

export type ErrorCode = keyof typeof errorCodes;
