import { parseJson } from '../../json.ts';
import { RECALL_BEGIN } from '../../redaction/recall-marks.ts';
import { mapTexts } from '../../text.ts';

/** The plugin's tools in opencode. */
const PLUGIN_TOOL = /^memory_(?:search|add|forget|list)$/;
const SERVER_TOOLS =
  'search_memory_facts|search_nodes|add_memory|add_triplet|get_briefing|get_memory_status|get_status|get_episodes|get_episode_entities|get_entity_edge|delete_episode|delete_entity_edge|clear_graph|summarize_saga|build_communities';
/**
 * Tools of our MCP server by the names that hosts give them: `mcp__memory__search_nodes`, `memory.search_nodes`, `memory_search_nodes`. The
 * server's name begins with `memory`. Other servers have tools of the same names.
 */
const SERVER_TOOL = new RegExp(`^(?:mcp__)?(?:plugin_[\\w-]+_)?memory[\\w-]*?(?:__|\\.|_)(?:${SERVER_TOOLS})$`);
/** The same under any other name that a user gave the server. Its replies are marked. */
const RENAMED_TOOL = new RegExp(`(?:__|\\.|_)(?:${SERVER_TOOLS})$`);
/** A member of every reply of our MCP server. A host may store replies as JSON inside JSON. */
export const MEMORY_REPLY_MARK = { server: 'memory-manager' } as const;
const MARKED_REPLY = /\\{0,7}"server\\{0,7}":\s?\\{0,7}"memory-manager\\{0,7}"/;
const SHELL_TOOL = /^(?:bash|zsh|sh|shell|local_shell|shell_command|exec_command|powershell)$/i;
/**
 * Our commands at the start of a shell command: by name or by the file of an installation, also after variable assignments and after a
 * program that runs them.
 */
const COMMAND = (() => {
  const quoted = (end: string) => `'(?:[^'\\n]{0,300}/)?${end}'|"(?:[^"\\n]{0,300}/)?${end}"`;
  const program = (end: string) => `(?:${quoted(end)}|(?:[^\\s;&|"'(]{0,300}/)?${end})`;
  const runner = program('(?:node|npx|env|exec|command|time|timeout|sudo)');
  const before = `(?:(?:\\w{1,100}=\\S{0,300}|-\\S{1,300}|\\d{1,9}[smh]?|${runner})\\s+){0,9}`;
  const ours = program('(?:memory-manager|dist/bin/main\\.cjs)');
  const names = 'query|briefing|episode|history|entities|saga|forget|confirm';
  return new RegExp(`(?:^|[;&|(\`])[^\\S\\n]*${before}${ours}\\s+(?:${names})\\b`, 'm');
})();

/** True for a call of the memory itself. Its question and its answer must not be stored again. */
export const isMemoryToolCall = (tool: string, input: string, output: string): boolean =>
  PLUGIN_TOOL.test(tool) ||
  SERVER_TOOL.test(tool) ||
  (RENAMED_TOOL.test(tool) && (output.includes(RECALL_BEGIN) || MARKED_REPLY.test(output))) ||
  (SHELL_TOOL.test(tool) && COMMAND.test(shellText(input)));

/** The text of one of the memory's answers, line by line. In a JSON reply the text is in the members. */
export function answerText(output: string): string {
  const whole = parseJson(output);
  if (typeof whole === 'string' || isObject(whole)) return textsIn(whole).join('\n');
  // A host may put its own text before the reply.
  for (const start of new Set([output.search(/^[^\S\n]*[{[]/m), output.indexOf('{')])) {
    const reply = start < 0 ? undefined : parseJson(output.slice(start));
    if (!isObject(reply)) continue;
    const before = output.slice(0, start);
    // An agent repeats a line that ends in JSON unchanged.
    return [before === '' || before.endsWith('\n') ? before : output, ...textsIn(reply)].join('\n');
  }
  return output;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function textsIn(reply: string | object): string[] {
  const texts: string[] = [];
  mapTexts(reply, (text) => {
    // Hosts store the reply's text inside their own JSON.
    texts.push(/^\s*[{[]/.test(text) ? answerText(text) : text);
    return text;
  });
  return texts;
}

/** The command of a shell tool's call; the input may be JSON with more arguments. */
function shellText(input: string): string {
  if (!input.startsWith('{')) return input;
  const { command } = (parseJson(input) ?? {}) as { command?: unknown };
  return typeof command === 'string' ? command : input;
}
