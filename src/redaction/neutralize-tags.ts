import { plainText } from '../text.ts';

/** Words that tags of agents' own are made of: what a host, a model or this memory marks its instructions with. */
const CONTROL_WORDS = new Set(
  'admin antml assistant call calls caveat command context developer function functions hook human im important inst instruction instructions invoke memory override parameter parameters policy prompt recalled reminder reminders result results role rules sys system thinking tool tools user'.split(
    ' ',
  ),
);
const TAG =
  /(?:<|＜|&lt;|&#0{0,4}60;|&#x0{0,4}3c;|\\{1,8}u003c)([\s\u200C-\u200D]{0,16}(?:\\{0,8}[/|!?<]){0,2}[\s\u200C-\u200D]{0,16})([\p{L}\p{N}\u200C-\u200D_:.-]{1,80})/giu;
const BRACKETED = /\[(\/?(?:INST|SYS|SYSTEM|ASSISTANT|USER))\]/gi;

/**
 * What the memory found, as an agent may read it: stored text is data, and no tag of it may end the mark that it stands in or begin
 * one of the host's own. Such tags stay readable, behind another bracket; what cannot be seen is left out.
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
