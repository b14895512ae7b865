import { plainText } from '../text.ts';

/** Words in the tags with which a host, a model or this memory marks its instructions. */
const CONTROL_WORDS = new Set(
  'admin antml assistant call calls caveat command context developer function functions hook human im important inst instruction instructions invoke memory override parameter parameters policy prompt recalled reminder reminders result results role rules sys system thinking tool tools user'.split(
    ' ',
  ),
);
const TAG =
  /(?:<|＜|&lt;|&#0{0,4}60;|&#x0{0,4}3c;|\\{1,8}u003c)([\s\u200C-\u200D]{0,16}(?:\\{0,8}[/|!?<]){0,2}[\s\u200C-\u200D]{0,16})([\p{L}\p{N}\u200C-\u200D_:.-]{1,80})/giu;
const BRACKETED = /\[(\/?(?:INST|SYS|SYSTEM|ASSISTANT|USER))\]/gi;

/**
 * Makes found text safe for an agent. Stored text is data: none of its tags may close the mark around it or open one of the host's own
 * tags. Such tags get another bracket and stay readable; invisible characters are removed.
 */
export function neutralizeTags(text: string): string {
  return plainText(text)
    .replace(TAG, (whole, before: string, name: string) => {
      const words = name
        .replace(/[\u200C-\u200D]/g, '')
        .toLowerCase()
        .split(/[_:.-]/);
      return before.includes('|') || words.some((word) => CONTROL_WORDS.has(word)) ? `‹${before}${name}` : whole;
    })
    .replace(BRACKETED, '($1)');
}
