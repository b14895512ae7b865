import { join } from 'node:path';
import type { HookEvent } from '../hooks/event.ts';
import { appendItem, removeEntries, valueAt } from './json-edit.ts';
import type { ConfigTarget } from './plan.ts';
import { type ProgramCommand, shellLine } from './program.ts';

/** Agents that read hooks in Claude Code's form. */
export type HookHost = 'claude-code' | 'codex';

/** The file with the hooks, in the agent's folder. */
const FILES: Readonly<Record<HookHost, string>> = { 'claude-code': 'settings.json', codex: 'hooks.json' };

/** The hooked events with their timeouts in seconds. At its end Claude Code waits 1.5 s by default, Codex 3 s at most. */
const EVENTS: Readonly<Record<HookHost, Readonly<Record<HookEvent, number>>>> = {
  'claude-code': { SessionStart: 5, UserPromptSubmit: 5, Stop: 10, PreCompact: 10, SessionEnd: 5 },
  codex: { SessionStart: 5, UserPromptSubmit: 5, Stop: 10, PreCompact: 10, SessionEnd: 3 },
};

/** Recognizes our hooks among others, wherever the program is installed. */
const OURS = / hook \w+ .*--host (?:claude-code|codex)$/;

interface HookEntry {
  readonly hooks: readonly [{ readonly type: 'command'; readonly command: string; readonly timeout: number }];
}

/** The entry of each event. */
export function hookEntries(
  host: HookHost,
  program: ProgramCommand,
  group: string | undefined,
): Record<string, HookEntry> {
  const entries = Object.entries(EVENTS[host]).map(([event, timeout]): [string, HookEntry] => {
    const words = [...program, 'hook', event, ...(group ? ['--group', group] : []), '--host', host];
    return [event, { hooks: [{ type: 'command', command: shellLine(words), timeout }] }];
  });
  return Object.fromEntries(entries);
}

/** Hooks in an agent's folder. */
export function agentHooks(
  host: HookHost,
  folder: string,
  program: ProgramCommand,
  group: string | undefined,
): ConfigTarget {
  const hooks = Object.entries(hookEntries(host, program, group)).map(([event, entry]) => {
    return { path: ['hooks', event], entry };
  });
  return {
    path: join(folder, FILES[host]),
    format: 'json',
    fresh: '{}',
    has: (text) =>
      hooks.every(({ path, entry }) => {
        const ours = commandsAt(text, path).filter((command) => OURS.test(command));
        return ours.length === 1 && ours[0] === entry.hooks[0].command;
      }),
    add: (text) => hooks.reduce((changed, { path, entry }) => appendItem(changed, path, entry), text),
    remove: (text) => eventsOf(text).reduce(withoutOurs, text),
  };
}

/** The commands of our hooks in a settings file, by event. @throws InvalidInputError when the file cannot be read as JSON */
export function installedHooks(text: string): ReadonlyMap<string, string> {
  const commands = eventsOf(text).flatMap((event) =>
    commandsAt(text, ['hooks', event])
      .filter((command) => OURS.test(command))
      .map((command) => [event, command] as const),
  );
  return new Map(commands);
}

/** Whether the user switched all hooks of Claude Code off. @throws InvalidInputError when the file cannot be read as JSON */
export const areHooksOff = (text: string): boolean => valueAt(text, ['disableAllHooks']) === true;

/** The same for all agents. */
export const HOOKED_EVENTS: readonly string[] = Object.keys(EVENTS['claude-code']);

const eventsOf = (text: string): string[] => Object.keys(asObject(valueAt(text, ['hooks'])));

/** An entry to which the user added other hooks stays unchanged. */
function withoutOurs(text: string, event: string): string {
  const path = ['hooks', event];
  return removeEntries(text, path, (entry) => {
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
