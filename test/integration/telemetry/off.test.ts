import { expect, test } from 'vitest';
import { runCommand } from '../../support/command-line.ts';
import { UNTRACED, useWatched } from './watched.ts';

const watched = useWatched();
const SAYS = `--import=${new URL('loaded.mjs', import.meta.url).href}`;
const COMMANDS = [['store', 'Harbor uses Valkey 8.', '--no-wait'], ['query', 'Harbor'], ['entities'], ['status']];

test.each(COMMANDS)('without Datadog `%s` loads no tracer, no logger and no metrics', async (...args) => {
  const environment = { ...watched.environment(), ...UNTRACED, NODE_OPTIONS: SAYS };

  const { stderr } = await runCommand(args, environment);

  expect(stderr).toContain('loaded: \n');
});

test('with Datadog it loads them', async () => {
  const { stderr } = await runCommand(['entities'], { ...watched.environment(), NODE_OPTIONS: SAYS });

  expect(stderr).toContain('loaded: dd-trace\n');
});

test('DD_TRACE_ENABLED=false is respected', async () => {
  const { stderr } = await runCommand(['entities'], {
    ...watched.environment(),
    DD_TRACE_ENABLED: 'false',
    NODE_OPTIONS: SAYS,
  });

  expect(stderr).toContain('loaded: \n');
});
