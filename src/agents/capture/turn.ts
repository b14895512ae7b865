import { withoutRecallMarks } from '../../redaction/recall-marks.ts';
import { OMISSION_MARK, openRedaction, type Redaction } from '../../redaction/redact.ts';
import { mapTexts, plainText, truncated } from '../../text.ts';

/** A user's message to an agent, with the agent's work and answer. */
export interface Turn {
  /** `opencode`, `claude-code` or another. */
  readonly host: string;
  readonly session: string;
  /** The id of the user's message, which identifies the turn. */
  readonly message: string;
  readonly parentSession?: string | undefined;
  readonly user: string;
  readonly assistant: string;
  /** True if a slash command's template added words to the user's message. */
  readonly isTemplate?: boolean | undefined;
  readonly tools: readonly UsedTool[];
  /** The memory's own answers to calls of the agent, which the agent may repeat. Not stored. */
  readonly memoryAnswers?: readonly string[] | undefined;
  /** Relative to the project. */
  readonly files: readonly string[];
  readonly model?: string | undefined;
  readonly agent?: string | undefined;
  readonly status: 'completed' | 'aborted' | 'error';
  readonly tokens?: { readonly input: number; readonly output: number } | undefined;
  readonly referenceTime: Date;
  readonly endedAt?: Date | undefined;
  /** True when something was recalled for the agent in this session. */
  readonly recalled?: boolean | undefined;
}

export interface UsedTool {
  readonly tool: string;
  readonly title?: string | undefined;
  readonly status: 'completed' | 'error';
  readonly input: string;
  readonly output: string;
}

/** A turn or a summary as an episode for the memory. */
export interface TurnEpisode {
  /** For a turn, a dialogue: `user: …` and `assistant: …`. */
  readonly content: string;
  readonly metadata: Record<string, unknown>;
  /** `<session>/<message>`. The same key always gives the same uuid, so storing twice has no effect. */
  readonly key: string;
  readonly saga: string;
  readonly referenceTime: Date;
}

const [LONGEST_USER, LONGEST_ASSISTANT, LONGEST_TITLE] = [16_000, 24_000, 200];
const LONGEST_SUMMARY = 24_000;
const [LONGEST_INPUT, LONGEST_OUTPUT] = [400, 600];
const [MOST_TOOLS, MOST_FILES] = [40, 100];
/** A long text is redacted up to this many times its maximum length, which leaves room for the parts that redaction removes. */
const WINDOW = 8;

/** Without secrets, private spans and recalled text; the content is empty when nothing is left. */
export function turnEpisode(turn: Turn): TurnEpisode {
  const redacted = openRedaction();
  const shorter = (text: string, longest: number) => shorterRedacted(redacted, text, longest);
  // In chronological order, because a private span that the user did not close hides everything after it.
  const user = shorter(turn.user, LONGEST_USER);
  const tools = bothEnds(turn.tools, MOST_TOOLS).map((used) => ({
    tool: shorter(used.tool, LONGEST_TITLE),
    ...(used.title && { title: shorter(used.title, LONGEST_TITLE) }),
    status: used.status,
    input: shorter(used.input, LONGEST_INPUT),
    output: shorter(used.output, LONGEST_OUTPUT),
  }));
  const assistant = answerRedacted(redacted, turn.assistant);
  const files = turn.files.slice(0, MOST_FILES).map((file) => shorter(file, LONGEST_TITLE));
  const metadata = {
    kind: 'turn',
    host: turn.host,
    session: turn.session,
    message: turn.message,
    ...(turn.isTemplate && { template: true }),
    ...(turn.parentSession && { parentSession: turn.parentSession }),
    status: turn.status,
    ...(turn.agent && { agent: turn.agent }),
    ...(turn.model && { model: turn.model }),
    ...(turn.tokens && { tokens: turn.tokens }),
    ...(turn.endedAt && { endedAt: turn.endedAt.toISOString() }),
    ...(turn.recalled && { recalled: true }),
    ...(files.length > 0 && { files }),
    ...(tools.length > 0 && { tools }),
  };
  return {
    content: redacted.again(dialogue(user, assistant)),
    metadata: mapTexts(metadata, redacted.again) as Record<string, unknown>,
    key: `${turn.session}/${turn.message}`,
    saga: turn.session,
    referenceTime: turn.referenceTime,
  };
}

/** A host's summary of a session whose context was full: the agent's words, even where the host puts them into a user's message. */
export interface SessionSummary {
  readonly host: string;
  readonly session: string;
  /** The id of the host's message, which identifies the summary. */
  readonly message: string;
  readonly text: string;
  readonly model?: string | undefined;
  readonly referenceTime: Date;
  /** Earlier texts of the user: their secrets and private spans are removed from the summary too. */
  readonly userTexts: readonly string[];
}

/** A summary is not a turn, so that nothing in it counts as the user's words. The content is empty if nothing is left. */
export function summaryEpisode({
  host,
  session,
  message,
  text,
  model,
  referenceTime,
  userTexts,
}: SessionSummary): TurnEpisode {
  const redacted = openRedaction();
  for (const words of userTexts) redacted.learn(words);
  const metadata = { kind: 'summary', host, session, message, ...(model && { model }) };
  return {
    content: redacted.again(shorterRedacted(redacted, text, LONGEST_SUMMARY)),
    metadata: mapTexts(metadata, redacted.again) as Record<string, unknown>,
    key: `${session}/${message}`,
    saga: session,
    referenceTime,
  };
}

function dialogue(user: string, assistant: string): string {
  return [user && `user: ${user}`, assistant && `assistant: ${assistant}`].filter(Boolean).join('\n');
}

function shorterRedacted(redacted: Redaction, text: string, longest: number): string {
  const content = storable(withoutRecallMarks(text));
  return truncated(redacted.of(content, longest * WINDOW).trim(), longest);
}

/** The end of a long answer contains the result, so two thirds of the kept text come from the end. */
function answerRedacted(redacted: Redaction, text: string): string {
  const content = storable(withoutRecallMarks(text));
  const end = (LONGEST_ASSISTANT * 2) / 3;
  const redactedText = redacted.of(content, LONGEST_ASSISTANT * WINDOW, end * WINDOW).trim();
  if (redactedText.length <= LONGEST_ASSISTANT) return redactedText;
  const tail = redactedText.slice(-end);
  const [first] = tail.split(/\s/, 1);
  return truncated(redactedText, LONGEST_ASSISTANT - end) + OMISSION_MARK + tail.slice(first?.length ?? 0).trimStart();
}

function bothEnds<T>(items: readonly T[], most: number): readonly T[] {
  return items.length <= most ? items : [...items.slice(0, most / 2), ...items.slice(-most / 2)];
}

/** Removes terminal colours, which carry no information, and characters that no store can hold: NUL and lone surrogates. */
const storable = (text: string): string => plainText(text).toWellFormed();
