/** A request to a coding agent, in a separate session. */
export interface Task {
  readonly name: string;
  readonly prompt: string;
  /** A right answer matches all of these … */
  readonly expects: readonly RegExp[];
  /** … and none of these. */
  readonly rejects?: readonly RegExp[];
  /**
   * What an agent has to know, for the scripted model: each is looked for in its context, and the first capture of the first hit goes into
   * `answer` in the place of `$1`, `$2`, …. A real model never sees this.
   */
  readonly needs: readonly RegExp[];
  readonly answer: string;
  /** The scripted model's answer if no file contains what it needs: a plausible guess. */
  readonly guess: string;
  /** A line of briefing or recall is relevant to the task if it matches one of these. */
  readonly bears: readonly RegExp[];
}

export const TASKS: readonly Task[] = [
  {
    name: 'run the tests of one package',
    prompt: 'Which command runs only the tests of cellar? Give the command line.',
    expects: [/pnpm (?:--filter|-F) cellar (?:run )?test/],
    rejects: [/\bnpm (?:run )?test/],
    needs: [/\b(pnpm)\b/],
    answer: '$1 --filter cellar test',
    guess: 'npm test --workspace cellar',
    bears: [/\bpnpm\b/i, /\btests?\b/i, /\bcellar\b/i, /flaky/i],
  },
  {
    name: 'the port of the API',
    prompt: 'Write the line of .env.example that sets VAT_PORT for the vat API.',
    expects: [/VAT_PORT=7420\b/],
    rejects: [/7411/],
    needs: [/\bvat\b[^\n]*? port (\d{4})/],
    answer: 'VAT_PORT=$1',
    guess: 'VAT_PORT=3000',
    bears: [/\bvat\b.*\bport\b|\bport\b.*\bvat\b|7411|7420/i],
  },
  {
    name: 'make a release',
    prompt: 'Write a script release.sh that makes a release of Hopyard.',
    expects: [/hop freeze[\s\S]*changeset version[\s\S]*hopyard-[\s\S]*hop thaw/],
    needs: [/(hop freeze)/, /(pnpm changeset version)/, /`(hopyard-)/, /(hop thaw)/],
    answer: '$1\n$2\ngit tag "$3$VERSION"\n$4',
    guess: 'npm version minor\ngit push --tags\nnpm publish',
    bears: [/release/i, /hop freeze|hop thaw|changeset|hopyard-</i],
  },
  {
    name: 'a commit message',
    prompt: 'Write the commit message for a change in taproom that makes the chart wider.',
    expects: [/^\[taproom\] \S/m],
    needs: [/commit message[^\n]*package name (in square brackets)/],
    answer: '[taproom] Make the chart wider',
    guess: 'Make the chart wider',
    bears: [/commit/i, /chart/i],
  },
  {
    name: 'why NATS',
    prompt: 'Write the section "Why NATS" of the architecture page: which broker did we not choose, and why?',
    expects: [/Kafka/, /ZooKeeper|one small broker|40 vats/],
    needs: [/NATS over (\w+)[^\n]*because ([^\n(]+)/],
    answer: 'We chose NATS and not $1, since one small broker is enough and nobody runs ZooKeeper.',
    guess: 'We chose NATS and not RabbitMQ, since it is faster.',
    bears: [/NATS|Kafka|ZooKeeper|broker/i],
  },
  {
    name: 'a flaky test',
    prompt: 'Write a test of the fermentation curve that does not fail every third run. Which helper gives it a clock?',
    expects: [/useBatchClock\(\)/],
    needs: [/(useBatchClock\(\))/],
    answer: 'const clock = $1;',
    guess: 'vi.useFakeTimers();',
    bears: [/useBatchClock|clock/i, /fermentation/i, /flaky|fails every/i],
  },
  {
    name: 'name a migration',
    prompt:
      'Add a migration that adds the column og to the table of batches. Give its path and the command that runs it.',
    expects: [/packages\/vat\/migrations\/\d{8}T\d{4}\w*\.sql/, /hop migrate/],
    needs: [/(packages\/vat\/migrations)/, /`(hop migrate)`/, /\b(2\d{7}T\d{4})_/],
    answer: '$1/20261101T0800_add_og.sql, run by $2',
    guess: 'migrations/001_add_og.sql, run by npm run migrate',
    bears: [/migrat/i, /\bbatches\b/i, /brew_runs/i, /\btable\b/i],
  },
  {
    name: 'a table that was renamed',
    prompt: 'Write the SQL that counts the rows of the table in which Hopyard stores its batches.',
    expects: [/FROM batches\b/i],
    rejects: [/brew_runs/],
    needs: [/FROM (\w+)|renamed to (\w+)/],
    answer: 'SELECT count(*) FROM batches;',
    guess: 'SELECT count(*) FROM brew_runs;',
    bears: [/\bbatches\b/i, /brew_runs/i, /Postgres/i, /\btable\b/i],
  },
  {
    name: 'how often sensors are polled',
    prompt: 'Set pollEveryMs in the settings of cellar so that the gravity sensor is polled as often as we agreed.',
    expects: [/90[_ ]?000|90 \* (?:SECOND|1[_]?000)/],
    rejects: [/\b30[_ ]?000|30 \*/],
    needs: [/polled every (\d+) s/],
    answer: 'pollEveryMs: $1_000,',
    guess: 'pollEveryMs: 60_000,',
    bears: [/poll/i, /gravity/i, /sensors?\b/i],
  },
  {
    name: 'who reviews labels',
    prompt: 'I changed packages/taproom/labels. Write the Reviewed-by request: whom do I ask?',
    expects: [/Oda/],
    needs: [/(Oda Brandt)/],
    answer: 'Please review, $1.',
    guess: 'Please review, somebody of the team.',
    bears: [/\bOda\b/, /label templates|taproom\/labels/i],
  },
  {
    name: 'dates in the UI',
    prompt:
      'Show the day on which a batch was started in taproom. Which function formats it, and how does 1 November 2026 look?',
    expects: [/formatDay/, /2026-11-01/],
    needs: [/(formatDay)\(\)/, /(ISO dates)/],
    answer: '$1(batch.startedAt) gives 2026-11-01',
    guess: 'toLocaleDateString() gives 11/1/2026',
    bears: [/formatDay|ISO dates?|\bdates\b/i],
  },
  {
    name: 'a feature flag',
    prompt: 'Add a feature flag "dark_tap_list". In which file does it go?',
    expects: [/config\/flags\.toml/],
    rejects: [/process\.env/],
    needs: [/(config\/flags\.toml)/],
    answer: 'In $1: dark_tap_list = false',
    guess: 'In .env: process.env.DARK_TAP_LIST',
    bears: [/flags?\b/i],
  },
  {
    name: 'deploy to staging',
    prompt: 'Which command deploys this branch to staging?',
    expects: [/hop deploy --to staging-eu2/],
    rejects: [/--to staging-eu1/],
    needs: [/`(hop deploy --to staging-\w+)`/],
    answer: '$1',
    guess: 'npm run deploy:staging',
    bears: [/staging/i, /deploy/i],
  },
  {
    name: 'an error of the API',
    prompt: 'findBatch of vat should fail when there is no such batch. Write the throw statement.',
    expects: [/throw new BatchError\(['"]?\w*BATCH_NOT_FOUND/],
    needs: [/(BatchError)/, /(BATCH_NOT_FOUND)/],
    answer: "throw new $1('$2');",
    guess: "throw new Error('Batch not found');",
    bears: [/BatchError|BATCH_NOT_FOUND|\berrors?\b|thrown/i],
  },
  {
    name: 'the unit of temperatures',
    prompt:
      'chart.tsx of taproom draws temperatures. Write the expression that makes degrees Celsius of a stored temperature.',
    expects: [/\/ 1[_]?000(?:\.0)? ?- ?273\.15|- ?273[_]?150\)? ?\/ ?1[_]?000/],
    needs: [/integers in (millikelvin)/],
    answer: 'temperature / 1000 - 273.15',
    guess: 'temperature',
    bears: [/temperature|millikelvin/i, /chart/i],
  },
  {
    name: 'the base image',
    prompt: 'Which value must the build argument BASE of the Dockerfile have so that sharp loads?',
    expects: [/node:24-bookworm-slim/],
    rejects: [/alpine/],
    needs: [/(node:24-bookworm-slim)/],
    answer: 'BASE=$1',
    guess: 'BASE=node:24-alpine',
    bears: [/docker|bookworm|alpine|\bimages?\b|sharp|glibc/i],
  },
  {
    name: 'go on with an open task',
    prompt: 'Implement the pagination of GET /batches. Name the page size, the cursor and the header.',
    expects: [/\b50\b/, /X-Next-Cursor/, /\bid\b/],
    needs: [/page size (\d+)/, /(X-Next-Cursor)/, /cursor is the (id)/],
    answer: 'LIMIT $1 after the $3 of the last batch, sent in $2',
    guess: 'LIMIT 20 OFFSET the page number, sent in Link',
    bears: [/pagina|cursor|page size/i, /\/batches|table.*batches|\bbatches\b/i],
  },
  {
    name: 'where keys come from',
    prompt: 'Write the code that gets the API keys of the scales, and say where in the vault they lie.',
    expects: [/loadScaleKeys/, /hop\/scales/],
    needs: [/(loadScaleKeys)\(\)/, /(hop\/scales)/],
    answer: '$1() reads them from $2',
    guess: 'process.env.SCALE_API_KEY',
    bears: [/scales\b/i, /vault|API keys/i],
  },
  {
    name: 'restore a backup',
    prompt: 'Write down, step by step, how the backup of 2026-10-10 is restored.',
    expects: [/[Ss]top cellar[\s\S]*hop restore 2026-10-10[\s\S]*hop migrate[\s\S]*[Ss]tart cellar/],
    needs: [/(Stop cellar)/, /(hop restore)/, /(hop migrate)/, /(Start cellar)/],
    answer: '1. $1\n2. $2 2026-10-10\n3. $3\n4. $4',
    guess: 'pg_restore backup-2026-10-10.dump',
    bears: [/restore|backup/i],
  },
  {
    name: 'what the files say',
    prompt: 'There is a typo in the last line of README.md. Give the line as it should be.',
    expects: [/Brewed with care in a small town/],
    needs: [/(Brewed with care in a) smal town/],
    answer: '$1 small town.',
    guess: 'I find no typo.',
    bears: [/smal town/],
  },
];
