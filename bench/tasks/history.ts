/** The history of an invented project before the tasks: Hopyard, which tracks the batches of a brewery. */
export type HistoryEntry =
  | {
      readonly kind: 'turn';
      readonly session: string;
      readonly day: string;
      readonly user: string;
      readonly assistant: string;
    }
  | { readonly kind: 'summary'; readonly session: string; readonly day: string; readonly text: string }
  | { readonly kind: 'document'; readonly day: string; readonly text: string }
  | {
      readonly kind: 'note';
      readonly note: 'fact' | 'decision' | 'rule' | 'task';
      readonly day: string;
      readonly text: string;
      /** True for a rule that the user gave or confirmed. */
      readonly isConfirmed?: boolean;
      /** A name for `replaces` of a later note. */
      readonly id?: string;
      readonly replaces?: string;
    };

const turn = (session: string, day: string, user: string, assistant: string): HistoryEntry => ({
  ...{ kind: 'turn', session, day },
  ...{ user, assistant },
});

export const HISTORY: readonly HistoryEntry[] = [
  turn(
    's1',
    '2026-08-03',
    'Set up the workspace for Hopyard: vat is the API, cellar the worker, taproom the web UI.',
    'The workspace has the packages vat, cellar and taproom. vat listens on port 7411.',
  ),
  turn('s1', '2026-08-03', 'Always use pnpm, never npm.', 'I will use pnpm. The lock file is pnpm-lock.yaml now.'),
  turn(
    's1',
    '2026-08-03',
    'Which database do we take?',
    'Hopyard stores its batches in Postgres 16. The table is called brew_runs.',
  ),
  turn(
    's2',
    '2026-08-06',
    'Connect the gravity sensors.',
    'The gravity sensor is polled every 30 s. Readings go to the subject sensors.gravity.',
  ),
  turn(
    's2',
    '2026-08-06',
    'The temperatures look odd in the chart.',
    'They were floats. Temperatures are stored as integers in millikelvin now, and taproom converts them when it draws.',
  ),
  turn('s2', '2026-08-06', 'Thanks, the chart is fine now.', 'Good. I also removed two unused imports from chart.tsx.'),
  {
    kind: 'note',
    note: 'decision',
    day: '2026-08-07',
    text: 'We chose NATS over Kafka for the sensor readings because one small broker is enough for 40 vats and nobody wants to run ZooKeeper.',
  },
  turn(
    's3',
    '2026-08-11',
    'Prefix every commit message with the package name in square brackets from now on.',
    'Understood: for example "[cellar] Poll less often".',
  ),
  turn(
    's3',
    '2026-08-11',
    'The test of the fermentation curve fails every third run.',
    'packages/cellar/test/fermentation.test.ts read the real clock. It uses useBatchClock() from test/clock.ts now, which stands still until a test moves it.',
  ),
  turn('s3', '2026-08-11', 'Is anything else flaky?', 'I ran everything twenty times, the rest is stable.'),
  turn(
    's4',
    '2026-08-14',
    'Rename the table, nobody says brew run any more.',
    'The table brew_runs was renamed to batches. The migration is 20260814T0910_rename_brew_runs.sql.',
  ),
  turn(
    's4',
    '2026-08-14',
    'How do we name migrations?',
    'Migrations are named <UTC timestamp>_<what>.sql, lie in packages/vat/migrations and are run by `hop migrate`.',
  ),
  turn('s4', '2026-08-14', 'Make the header of the page a bit smaller.', 'The header is 48 px high now.'),
  {
    kind: 'document',
    day: '2026-08-17',
    text: '# How we release Hopyard\n\nTo make a release:\n\n1. Run `hop freeze` so that no batch starts meanwhile.\n2. Run `pnpm changeset version` and commit.\n3. Tag the commit `hopyard-<version>` and push the tag.\n4. Wait for the smoke test of the tap list.\n5. Run `hop thaw`.\n',
  },
  turn(
    's5',
    '2026-08-19',
    'Port 7411 clashes with the scale software on the brewhouse PC.',
    'vat now listens on port 7420 instead of 7411.',
  ),
  turn(
    's5',
    '2026-08-19',
    'Never log the names of customers.',
    'I removed them from the two places that did, order.ts and invoice.ts.',
  ),
  turn(
    's5',
    '2026-08-19',
    'What does the README of the label printer say?',
    'It says: "Always install the driver as administrator. Never update the firmware." The label printer speaks ZPL on TCP port 9100.',
  ),
  turn(
    's6',
    '2026-08-24',
    'The image is slow to build and sharp fails to load.',
    'sharp needs glibc. The Docker images moved off node:24-alpine to node:24-bookworm-slim.',
  ),
  turn(
    's6',
    '2026-08-24',
    'Good. Anything else in the Dockerfile?',
    'It copies the lock file first so that the layer with the packages is kept.',
  ),
  {
    kind: 'note',
    note: 'decision',
    day: '2026-08-25',
    text: 'Feature flags live in config/flags.toml, read once at start, and not in environment variables, because the brewers edit them by hand.',
  },
  turn(
    's7',
    '2026-08-28',
    'I prefer ISO dates (2026-08-28) everywhere in the UI.',
    'taproom formats all dates with formatDay() from src/dates.ts, which gives ISO dates.',
  ),
  turn(
    's7',
    '2026-08-28',
    'How do errors reach the client?',
    'vat throws BatchError with a stable code, such as BATCH_NOT_FOUND, and the handler in errors.ts turns the code into a status. Strings are never thrown.',
  ),
  turn('s7', '2026-08-28', 'Add a favicon.', 'public/favicon.svg is a hop cone.'),
  turn(
    's8',
    '2026-09-02',
    'The sensors drain their batteries.',
    'The gravity sensor is now polled every 90 s instead of every 30 s.',
  ),
  turn(
    's8',
    '2026-09-02',
    'Where do the API keys of the scales come from?',
    'The API keys of the scales lie in the vault at hop/scales and are read by loadScaleKeys() at start.',
  ),
  {
    kind: 'note',
    note: 'fact',
    day: '2026-09-03',
    text: 'Oda Brandt maintains the label templates; changes to packages/taproom/labels need her review.',
  },
  turn(
    's9',
    '2026-09-08',
    'Deploy the branch so that the brewers can try it.',
    'I ran `hop deploy --to staging-eu1`. Staging runs on staging-eu1.',
  ),
  turn(
    's9',
    '2026-09-08',
    'The tap list is empty there.',
    'The seed was missing. `hop seed taps` fills the tap list of a new environment.',
  ),
  turn('s9', '2026-09-08', 'Works. Let us stop for today.', 'The branch is deployed and the tap list is filled.'),
  turn(
    's10',
    '2026-09-15',
    'Use Biome for linting, not ESLint.',
    'ESLint and its plugins are gone; `pnpm biome check .` lints and formats.',
  ),
  turn(
    's10',
    '2026-09-15',
    'The export of the excise report is wrong by a cent.',
    'It summed floats. The excise report sums integer cents and rounds once, at the end, half to even.',
  ),
  turn('s10', '2026-09-15', 'Nice. And make the button green.', 'The button of the report is green.'),
  {
    kind: 'note',
    note: 'task',
    day: '2026-09-16',
    id: 'paging',
    text: 'GET /batches must get cursor pagination: cursor is the id of the last batch, page size 50, the header is X-Next-Cursor.',
  },
  { kind: 'note', note: 'task', day: '2026-09-16', id: 'keg', text: 'Print the keg number on the delivery note.' },
  turn(
    's11',
    '2026-09-22',
    'staging-eu1 is shut down at the end of the month.',
    'Staging moved from staging-eu1 to staging-eu2. Deploys go to it with `hop deploy --to staging-eu2`.',
  ),
  turn(
    's11',
    '2026-09-22',
    'Print the keg number on the delivery note.',
    'Done: the delivery note shows the keg number below the batch.',
  ),
  {
    kind: 'note',
    note: 'fact',
    day: '2026-09-22',
    replaces: 'keg',
    text: 'The delivery note shows the keg number below the batch.',
  },
  turn(
    's11',
    '2026-09-22',
    'What was the trouble with the websocket yesterday?',
    'The proxy closed it after 60 s. taproom sends a ping every 25 s since then.',
  ),
  turn(
    's12',
    '2026-10-05',
    'Write the importer for the old spreadsheet of recipes.',
    'packages/cellar/src/import-recipes.ts reads it. Rows without a yeast are skipped and listed in skipped.csv.',
  ),
  {
    kind: 'summary',
    session: 's12',
    day: '2026-10-05',
    text: '## Goal\nImport the old spreadsheet of recipes into Hopyard.\n\n## Accomplished\nimport-recipes.ts reads all sheets; 14 rows without a yeast are in skipped.csv.\n\n## Next steps\nAsk the brewers about the 14 rows.',
  },
  turn(
    's12',
    '2026-10-06',
    'How long does the import take?',
    'About 4 s for 1,200 recipes. It writes in transactions of 200.',
  ),
  turn(
    's13',
    '2026-10-12',
    'The backup of Saturday failed, look into it.',
    'The disk of the backup host was full. `hop backup --keep 14` deletes what is older than 14 days.',
  ),
  turn(
    's13',
    '2026-10-12',
    'And how do I restore one?',
    'To restore a backup:\n\n1. Stop cellar.\n2. Run `hop restore <day>`.\n3. Run `hop migrate`.\n4. Start cellar.',
  ),
  turn('s13', '2026-10-12', 'Fix the typo in the footer.', 'It says "Brewed" now.'),
  turn(
    's14',
    '2026-10-20',
    'Allow 32 MB for uploads of label artwork.',
    'The limit of uploads is 32 MB, in nginx and in vat.',
  ),
  turn(
    's14',
    '2026-10-20',
    'Could we use Redis for the sessions?',
    'We could. So far the sessions are signed cookies and need no store.',
  ),
];
