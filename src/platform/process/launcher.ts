/**
 * The launcher: a POSIX shell per instance that outlives Teal, because a process's end is told to its parent only.
 *
 * The outer shell leads the process group and runs the inner one in the foreground (a background child would inherit
 * an ignored SIGINT). The inner one writes its pid and start time, takes on the limits and becomes the app by `exec`.
 * When the app has ended, the outer one writes `exit`. A shell costs under 1 MB per instance, Node would cost 45 MB.
 *
 * Only builtins are used: the role's PATH may hold nothing. A file counts as written when it ends with a newline.
 * An app whose pid cannot be written (a full disk) is not started: a later Teal could not know it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import type { Ulimits } from './limits.ts';
import { leaderOf, send, type ProcessRecord } from './processes.ts';

export interface Launch {
  /** The instance's folder. */
  readonly folder: string;
  /** The program resolved to an absolute path, and its arguments. */
  readonly argv: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly ulimits: Ulimits;
  /** The cgroup to enter before the app starts. */
  readonly cgroup: string | null;
}

// A handler (`:`) and not '': handlers are reset at exec, ignored signals would be inherited by the app.
// The shell's own words about a killed child ("Terminated") do not belong in the app's log.
const outer = `
trap : TERM INT HUP QUIT USR1 USR2
exec 3>&2 2>/dev/null
/bin/sh -c "$2" teal "$@"
echo "$?" >"$1/exit"
`;

// dash knows -p for what others call -u.
const inner = `
exec 2>&3 3>&-
teal_folder=$1 teal_files=$3 teal_processes=$4 teal_cgroup=$5
shift 5
teal_refuse() { echo "$1" >"$teal_folder/refused"; exit 126; }
teal_field() { echo "\${20}"; }
if [ -r "/proc/$$/stat" ]; then
  IFS= read -r teal_stat <"/proc/$$/stat"
  teal_start=$(teal_field \${teal_stat##*) })
else
  teal_start=$(LC_ALL=C TZ=UTC ps -o lstart= -p $$)
fi
echo "$$ $PPID $teal_start" >"$teal_folder/pid" || exit 126
if [ "$teal_cgroup" != - ]; then echo $$ >"$teal_cgroup/cgroup.procs" || teal_refuse "cgroup $teal_cgroup"; fi
if [ "$teal_files" != - ]; then ulimit -n "$teal_files" || teal_refuse "ulimit -n $teal_files"; fi
if [ "$teal_processes" != - ]; then
  ulimit -u "$teal_processes" 2>/dev/null || ulimit -p "$teal_processes" || teal_refuse "ulimit -u $teal_processes"
fi
unset teal_folder teal_files teal_processes teal_cgroup teal_stat teal_start
exec "$@"
`;

/** Starts the launcher, detached, on the folder's log files. Resolves when it runs, which says nothing of the app yet. */
export async function launch(what: Launch): Promise<ProcessRecord> {
  const stdout = openSync(path.join(what.folder, 'stdout.log'), 'a', 0o600);
  const stderr = openSync(path.join(what.folder, 'stderr.log'), 'a', 0o600);
  const limit = (value: number | null): string => (value === null ? '-' : String(value));
  const child = spawn(
    '/bin/sh',
    [
      '-c',
      outer,
      'teal-launcher',
      what.folder,
      inner,
      limit(what.ulimits.openFiles),
      limit(what.ulimits.processes),
      what.cgroup ?? '-',
      ...what.argv,
    ],
    { cwd: what.directory, env: what.environment, detached: true, stdio: ['ignore', stdout, stderr] },
  );
  try {
    await once(child, 'spawn');
  } finally {
    closeSync(stdout);
    closeSync(stderr);
  }
  child.unref();
  const { pid = 0 } = child;
  const launcher = leaderOf(pid);
  if (launcher !== null) return launcher;
  // What is not known could not be ended.
  send(-pid, 'SIGKILL');
  throw new Error(`what the system knows of process ${pid} cannot be read`);
}
