import type { Command } from './command.ts';

/** Loads a command. `isTraced` is false if the tracer is not started for it. */
type Load = (() => Promise<{ command: Command }>) & { readonly isTraced?: false };

/** For a command that agents wait for: loading the tracer takes too long. Listed here, since the tracer must be loaded before the command. */
const untraced = (load: Load): Load => Object.assign(load, { isTraced: false as const });

interface Row {
  /** The two columns of `memory-manager --help`. */
  readonly usage: string;
  readonly about: string;
  /** Loaded only when called: a query must not load the worker. */
  readonly commands: Readonly<Record<string, Load>>;
}

/** Every command, in the two blocks of `memory-manager --help`. A new command is a file and a row here. */
const CONTENT: readonly Row[] = [
  {
    usage: 'store <content or -> [metadata_json]',
    about: 'store a text',
    commands: { store: () => import('./store.ts') },
  },
  {
    usage: 'store-many <file or ->',
    about: 'store many texts, as JSON lines',
    commands: { 'store-many': () => import('./store-many.ts') },
  },
  {
    usage: 'fact <source> <relation> <target>',
    about: 'store one fact without a model',
    commands: { fact: () => import('./fact.ts') },
  },
  {
    usage: 'query <search_query>',
    about: 'search facts and stored texts',
    commands: { query: () => import('./query.ts') },
  },
  {
    usage: 'entities [entity_type] | groups',
    about: 'list entities; list memories',
    commands: { entities: () => import('./entities.ts'), groups: () => import('./groups.ts') },
  },
  {
    usage: 'episode [uuid or name]',
    about: 'one episode, its facts and its cost',
    commands: { episode: () => import('./episode.ts') },
  },
  {
    usage: 'history <entity>',
    about: 'facts of an entity over time',
    commands: { history: () => import('./history.ts') },
  },
  {
    usage: 'communities | saga',
    about: 'groups of entities; chains of texts',
    commands: { communities: () => import('./communities.ts'), saga: () => import('./saga.ts') },
  },
  {
    usage: 'briefing | confirm | unpin <uuid>',
    about: "session's briefing; accept or end a rule",
    commands: {
      briefing: () => import('./briefing.ts'),
      confirm: () => import('./confirm.ts'),
      unpin: () => import('./unpin.ts'),
    },
  },
  {
    usage: 'forget <kind> <what> | redact',
    about: 'remove content; mask stored secrets',
    commands: { forget: () => import('./forget.ts'), redact: () => import('./redact.ts') },
  },
  {
    usage: 'import <agent> | [format] <file or ->',
    about: 'import past sessions or other memories',
    commands: { import: () => import('./import.ts') },
  },
  {
    usage: 'export | archive <action>',
    about: 'export as JSON; verify, restore, …',
    commands: { export: () => import('./export.ts'), archive: () => import('./archive.ts') },
  },
  {
    usage: 'dead-letter <action> | reembed',
    about: 'replay failed jobs; new vectors',
    commands: { 'dead-letter': () => import('./dead-letter.ts'), reembed: () => import('./reembed.ts') },
  },
];

const PROGRAMS: readonly Row[] = [
  {
    usage: 'up | down',
    about: 'start or stop Valkey, FalkorDB and a worker on this machine',
    commands: {
      up: () => import('./up.ts'),
      down: () => import('./down.ts'),
      supervise: () => import('./supervise.ts'),
    },
  },
  {
    usage: 'worker | mcp',
    about: 'run a worker for your own servers; serve the memory by MCP',
    commands: { worker: () => import('./worker.ts'), mcp: () => import('./mcp.ts') },
  },
  {
    usage: 'ui',
    about: 'show the memory in the browser',
    commands: { ui: () => import('./ui.ts') },
  },
  {
    usage: 'install | join | hook',
    about: 'connect an agent; handle the hooks of Claude Code and Codex',
    commands: {
      install: () => import('./install.ts'),
      join: () => import('./join.ts'),
      hook: untraced(() => import('./hook.ts')),
    },
  },
  {
    usage: 'doctor | status | logs',
    about: 'find what is wrong; state of servers and workers; logs',
    commands: {
      doctor: () => import('./doctor.ts'),
      status: () => import('./status.ts'),
      logs: () => import('./logs.ts'),
    },
  },
  {
    usage: 'config | completion',
    about: 'all settings; a completion script for bash, zsh or fish',
    commands: { config: () => import('./config.ts') },
  },
];

export const COMMANDS: Readonly<Record<string, Load>> = Object.assign(
  {},
  ...[...CONTENT, ...PROGRAMS].map(({ commands }) => commands),
);

export function help(): string {
  return `memory-manager: a long-term memory for coding agents

${table(CONTENT, 41)}

${table(PROGRAMS, 24)}

Every command: --group <name or auto>, --json, --help. Errors: one sentence on stderr, exit code 1.`;
}

const table = (rows: readonly Row[], width: number): string =>
  rows.map(({ usage, about }) => `  memory-manager ${usage.padEnd(width)}${about}`).join('\n');
