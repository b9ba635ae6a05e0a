import { joinCommand } from './command-line.ts';

export interface ExampleOptions {
  /** Name of the app: a–z, 0–9 and -, starting with a letter. */
  readonly app: string;
  /** As typed, or as words. */
  readonly command: string | readonly string[];
  /** Where the router listens on this machine; 8080 when left out. */
  readonly port?: number;
  /** What health checks ask for; `/` when left out. */
  readonly health?: string;
  /** Relative to teal.yaml; its own folder when left out. */
  readonly directory?: string;
  /** Path or URL of teal.schema.json, for editors; no line when left out. */
  readonly schema?: string;
}

/** The teal.yaml that `teal init` writes: what most people change, with a word on each; it parses without a problem. */
export function exampleConfig(options: ExampleOptions): string {
  const { app, command, port = 8080, health = '/', directory = '.', schema } = options;
  const line = typeof command === 'string' ? command : joinCommand(command);
  return `${schema === undefined ? '' : `# yaml-language-server: $schema=${schema}\n`}# Every key, its default and why: docs/config.md. After a change: teal apply

router:
  listen: 127.0.0.1:${port} # this machine only; 0.0.0.0:${port} for everyone

apps:
  ${app}:
    # hosts: [${app}.example.com] # every host when left out
    paths: [/]

    run:
      process:
        # No shell runs it. It has to listen on the port in the environment variable PORT.
        command: ${scalar(line)}
        directory: ${scalar(directory)} # {version} stands for the version, as in ./versions/{version}
        environment: {}
        #   DB_PASSWORD: { secret: env:DB_PASSWORD } # named here, read when an instance starts
        instances: 1 # in each of the two environments
        stop-deadline: 10s # from stop-signal (SIGTERM) until it is killed

    # roles: # more kinds of process of the same app
    #   worker: { command: node worker.js } # runs in the live environment only

    health: # before an instance gets traffic, and ever after
      path: ${scalar(health)}
      status: 200-299
      deadline: 30s # from start to the first success

    release:
      tests: [] # against the new version, before anybody else sees it
      #   - { http: /, status: 200, contains: "Welcome" }
      #   - { command: node smoke.js } # has TEAL_PREVIEW_URL and TEAL_VERSION
      promote: auto # goes live when the tests are green; manual: waits for teal promote
      rollback-window: 1h # so long the old version stays warm: back in an instant

    # database: { url: env:DATABASE_ADMIN_URL, migrations: db } # runs with the release: docs/database.md

    drain: # requests in flight when traffic leaves a version
      deadline: 30s

    keep: 5 # versions on disk
`;
}

/** JSON strings are YAML; plain only what cannot be misread. */
function scalar(text: string): string {
  return /^[A-Za-z./][\w./-]*(?: [\w./=-]+)*$/.test(text) && !/^(?:true|false|null)$/i.test(text)
    ? text
    : JSON.stringify(text);
}
