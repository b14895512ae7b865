import { sentencesOf } from '../passages/sentences.ts';

/** More of a user's message is likely to be pasted. */
export const MAX_MESSAGE = 2_000;

/** The beginning of the metadata of a turn that this program recorded. Imports and tools cannot set such metadata. */
const TURN = /^\{"kind":"turn","host":"[^"]*","session":"[^"]*","message":"/;
/** The task of a sub-agent, or a message to which a slash command's template added words. */
const NOT_TYPED_BY_USER = /"parentSession":|"template":true/;
const KNOWN_SPEAKER_LABEL =
  /^[ \t*]*(?:user|assistant|human|ai|system|agent|model|bot|tool)(?: ?\([^()\n]{1,40}\))?\**:/im;

/**
 * The user's words in a turn: the text between the turn's first `user:` and the next possible speaker. A line `user:` further
 * down may be part of a text that the agent quoted, and is not the user's.
 * @param content   the episode's text, as far as it was read
 * @param metadata  the beginning of its metadata, as JSON
 */
export function userText(content: string, metadata: string | null): string {
  if (metadata === null || !TURN.test(metadata) || NOT_TYPED_BY_USER.test(metadata)) return '';
  if (!content.startsWith('user: ')) return '';
  const words = content.slice('user: '.length);
  const next = words.search(KNOWN_SPEAKER_LABEL);
  return next < 0 ? words : words.slice(0, next);
}

/** A sentence that the user wrote in their own name. */
export interface UserSentence {
  readonly text: string;
  /** Whether it is an item of a list below "Rules:", "From now on:" or the like. */
  readonly isListedRule: boolean;
}

const FENCE = /^\s*(?:`{3,}|~{3,})/;
const ITEM = /^\s*(?:[-*+•]|\d{1,2}[.)])\s+/;
/** The start of a document, a diff, a table or markup, which is usually pasted. */
const PASTED =
  /^(?:\s{0,3}#{1,6}\s|\s*<|\s*\||\s*@@|diff --git|\+\+\+|---$|\s{4,}at |Traceback|\[?\d{4}-\d\d-\d\d[T ]\d\d:)/;
const RULE_LEAD =
  /(?:\b(?:rules?|conventions?|guidelines?|preferences?|from now on|going forward|remember|always|never)\b|规则|约定|偏好|从现在(?:起|开始)|以后|记住)[^:：]{0,60}[:：]$/iu;
const NAMES_ANOTHER_SOURCE =
  /\b(?:readme|file|docs?|documentation|page|article|output|log|error|message|says?|said|https?|website|issue|ticket|author|he|she|they|their|found|quote[sd]?)\b/i;

/** The user's own sentences: without code, quotations and text after "…:", which may be quoted. */
export function userSentences(words: string): UserSentence[] {
  const lines = words.slice(0, MAX_MESSAGE).split('\n');
  if (words.length > MAX_MESSAGE) lines.pop();
  const sentences: UserSentence[] = [];
  let [isFenced, isRuleList] = [false, false];
  for (const [place, line] of lines.entries()) {
    if (FENCE.test(line)) {
      isFenced = !isFenced;
      continue;
    }
    if (isFenced || /^\s*>/.test(line)) continue;
    if (PASTED.test(line)) break;
    const text = line.trim();
    if (text === '') continue;
    const isItem = ITEM.test(line);
    isRuleList &&= isItem;
    for (const { start, end } of sentencesOf(text.replace(ITEM, '')))
      sentences.push({ text: text.replace(ITEM, '').slice(start, end).trim(), isListedRule: isRuleList });
    if (!/[:：]$/.test(text)) continue;
    sentences.pop();
    const next = lines.slice(place + 1).find((other) => other.trim() !== '') ?? '';
    if (RULE_LEAD.test(text) && !NAMES_ANOTHER_SOURCE.test(text)) isRuleList = ITEM.test(next);
    else if (!FENCE.test(next) && !/^\s*>/.test(next)) break;
  }
  return sentences;
}
