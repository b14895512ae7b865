import { writeSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import type { HookEvent } from '../../../src/agents/hooks/event.ts';
import { answerHook } from '../../../src/agents/hooks/hook.ts';
import { MINUTE } from '../../../src/time.ts';

// `memory-manager hook <event> --group <name>` with more time than agents give, so that a busy machine prints the same.
const [event, group] = process.argv.slice(2);
const { output } = await answerHook({
  ...{ event: event as HookEvent, group, host: 'claude-code', environment: process.env, directory: process.cwd() },
  ...{ input: await text(process.stdin), patience: 2 * MINUTE },
});
writeSync(1, `${output}\n`);
process.exit(0);
