import { withoutRecallMarks } from '../../redaction/recall-marks.ts';
import { OMISSION, type Redaction, redaction } from '../../redaction/redact.ts';
import { mapTexts, plainText, shortened } from '../../text.ts';

/** A user's message to an agent, with the agent's work and answer. */
export interface Turn {
  /** `opencode`, `claude-code` or another. */
  readonly host: string;
  readonly session: string;
  /** The user's message, by which the turn is known. */
  readonly message: string;
  readonly parentSession?: string | undefined;
  readonly user: string;
  readonly assistant: string;
  /** True when a command's file put words into the user's message, which are not the user's own then. */
  readonly isTemplate?: boolean | undefined;
  readonly tools: readonly UsedTool[];
  /** What the memory itself answered to calls of the agent, which may repeat it. Not stored. */
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

/** A turn, or a summary, as the memory takes it in. */
export interface TurnEpisode {
  /** Of a turn a dialogue, `user: …` and `assistant: …`. */
  readonly content: string;
  readonly metadata: Record<string, unknown>;
  /** `<session>/<message>`: the same one gives the same uuid, however often it is handed in. */
  readonly key: string;
  readonly saga: string;
  readonly referenceTime: Date;
}

const [LONGEST_USER, LONGEST_ASSISTANT, LONGEST_TITLE] = [16_000, 24_000, 200];
const LONGEST_SUMMARY = 24_000;
const [LONGEST_INPUT, LONGEST_OUTPUT] = [400, 600];
const [MOST_TOOLS, MOST_FILES] = [40, 100];
/** Only so much of a long output is looked through: the longest that may be kept, and room for what is taken out of it. */
const WINDOW = 8;

/** Without secrets, private spans and recalled text; the content is empty when nothing is left. */
export function turnEpisode(turn: Turn): TurnEpisode {
  const redacted = redaction();
  const shorter = (text: string, longest: number) => shorterRedacted(redacted, text, longest);
  // In the order in which it was said: a span that the user did not close hides what follows.
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
  /** The host's message, by which the summary is known. */
  readonly message: string;
  readonly text: string;
  readonly model?: string | undefined;
  readonly referenceTime: Date;
  /** Earlier texts of the user: their secrets and private spans are removed from the summary too. */
  readonly userTexts: readonly string[];
}

/** Not a turn, so that nothing in it counts as the user's words. Without content when nothing is left. */
export function summaryEpisode({
  host,
  session,
  message,
  text,
  model,
  referenceTime,
  userTexts,
}: SessionSummary): TurnEpisode {
  const redacted = redaction();
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
  return shortened(redacted.of(content, longest * WINDOW).trim(), longest);
}

/** Of a long answer the end says what came of it: two thirds of what is kept are of there. */
function answerRedacted(redacted: Redaction, text: string): string {
  const content = storable(withoutRecallMarks(text));
  const end = (LONGEST_ASSISTANT * 2) / 3;
  const redactedText = redacted.of(content, LONGEST_ASSISTANT * WINDOW, end * WINDOW).trim();
  if (redactedText.length <= LONGEST_ASSISTANT) return redactedText;
  const tail = redactedText.slice(-end);
  const [first] = tail.split(/\s/, 1);
  return shortened(redactedText, LONGEST_ASSISTANT - end) + OMISSION + tail.slice(first?.length ?? 0).trimStart();
}

function bothEnds<T>(items: readonly T[], most: number): readonly T[] {
  return items.length <= most ? items : [...items.slice(0, most / 2), ...items.slice(-most / 2)];
}

/** Colours of a terminal say nothing, and what no store can hold is left out too: NUL, and half a character, which has no UTF-8 form. */
const storable = (text: string): string => plainText(text).toWellFormed();
