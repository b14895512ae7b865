import { join } from 'node:path';
import { drop, push, valueAt } from './edit.ts';
import type { Target } from './plan.ts';
import { type Program, shellLine } from './program.ts';

/** The events that are hooked, and the seconds after which Claude Code gives up on ours. At its end it waits 1.5 s unless told otherwise. */
const EVENTS = { SessionStart: 5, UserPromptSubmit: 5, Stop: 10, PreCompact: 10, SessionEnd: 5 } as const;

/** What tells our hooks from others', wherever the program lies. */
const OURS = / hook \w+ .*--host claude-code$/;

/** Hooks in Claude Code's settings. */
export function claudeHooks(folder: string, program: Program, group: string | undefined): Target {
  const hooks = Object.entries(EVENTS).map(([event, timeout]) => {
    const words = [...program, 'hook', event, ...(group ? ['--group', group] : []), '--host', 'claude-code'];
    return { path: ['hooks', event], entry: { hooks: [{ type: 'command', command: shellLine(words), timeout }] } };
  });
  return {
    path: join(folder, 'settings.json'),
    strict: true,
    fresh: '{}',
    has: (text) =>
      hooks.every(({ path, entry }) => {
        const ours = commandsAt(text, path).filter((command) => OURS.test(command));
        return ours.length === 1 && ours[0] === entry.hooks[0]?.command;
      }),
    add: (text) => hooks.reduce((changed, { path, entry }) => push(changed, path, entry), text),
    remove: (text) => eventsOf(text).reduce(withoutOurs, text),
  };
}

const eventsOf = (text: string): string[] => Object.keys(asObject(valueAt(text, ['hooks'])));

/** An entry that somebody put others into as well stays theirs. */
function withoutOurs(text: string, event: string): string {
  const path = ['hooks', event];
  return drop(text, path, (entry) => {
    const commands = commandsOf(entry);
    return commands.length > 0 && commands.every((command) => OURS.test(command));
  });
}

const commandsAt = (text: string, path: readonly string[]): string[] => asList(valueAt(text, path)).flatMap(commandsOf);

const commandsOf = (entry: unknown): string[] =>
  asList(asObject(entry).hooks).map((hook) => String(asObject(hook).command ?? ''));

const asObject = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
