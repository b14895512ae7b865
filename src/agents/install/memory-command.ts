import { join } from 'node:path';
import { InvalidInputError } from '../../errors.ts';
import { MEMORY_COMMAND_DESCRIPTION, memoryInstructions } from '../tools/memory-command.ts';
import type { HookHost } from './hooks.ts';
import type { ConfigTarget } from './plan.ts';
import { type ProgramCommand, shellLine } from './program.ts';

/** Claude Code already has a `/memory` command. Codex has no user commands, but skills, which are called with `$`. */
const FILES: Readonly<Record<HookHost, string>> = {
  'claude-code': join('commands', 'memory-manager.md'),
  codex: join('skills', 'memory', 'SKILL.md'),
};
const NAMES: Readonly<Record<HookHost, string>> = { 'claude-code': '/memory-manager', codex: '$memory' };

/** Recognizes our file, of any release, among others of the same name. */
const OURS = /The user asks about the long-term memory of this project\./;

/** The command `/memory` of an agent with hooks, as a file in the agent's folder. */
export function memoryCommand(
  host: HookHost,
  folder: string,
  program: ProgramCommand,
  group: string | undefined,
): ConfigTarget {
  const path = join(folder, FILES[host]);
  const text = memoryCommandText(host, NAMES[host], program, group);
  const isOurs = (present: string) => OURS.test(present);
  return {
    ...{ path, format: 'text', fresh: '' },
    has: (present) => present.trimEnd() === text.trimEnd(),
    add(present) {
      if (present.trim() !== '') throw new InvalidInputError('it is another command; give that one another name first');
      return text.trimEnd();
    },
    remove: (present) => (isOurs(present) ? '' : present),
  };
}

/** @param name what the user types; a plugin of Claude Code puts its own name before it */
export function memoryCommandText(
  host: HookHost,
  name: string,
  program: ProgramCommand,
  group: string | undefined,
): string {
  const run = (...words: string[]) => `\`${shellLine([...program, ...words, '--group', group ?? 'auto'])}\``;
  const forget = run('forget', 'episode').replace('episode', 'episode <uuid>');
  const fields =
    host === 'codex'
      ? ['name: memory', `description: ${MEMORY_COMMAND_DESCRIPTION}. Use it only if the user asks about their memory.`]
      : [
          `description: ${MEMORY_COMMAND_DESCRIPTION}`,
          'argument-hint: "[forget <what> | <question>]"',
          'disable-model-invocation: true',
        ];
  const request =
    host === 'codex' ? `Their request stands after \`${name}\` in their message.` : 'Their request: "$ARGUMENTS"';
  const instructions = memoryInstructions(name, request, {
    list: `run ${run('episode')}`,
    forget: `find the uuid of its episode with ${run('query', '<words>', '--json').replace("'<words>'", '"<words>"')}, show what ${forget} with \`--dry-run\` would remove, and run the command without \`--dry-run\``,
    search: `what ${run('query', '<words>').replace("'<words>'", '"<words>"')} prints`,
  });
  return `---\n${fields.join('\n')}\n---\n\n${instructions}\n`;
}
