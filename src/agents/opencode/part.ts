import type { Part, Prompt, PromptOutput } from './host.ts';

let [last, count] = [0, 0];

/** A part that the host keeps with the user's message and shows to the model only. */
export function syntheticPart(text: string, prompt: Prompt, output: PromptOutput): Part {
  return {
    id: partId(),
    sessionID: prompt.sessionID,
    messageID: output.message.id,
    type: 'text',
    text,
    synthetic: true,
  };
}

/**
 * The host refuses ids of another form, and puts a message's parts in the order of their ids: `prt_`, the time in twelve
 * hexadecimal digits as the host writes it, and letters by chance.
 */
function partId(now = Date.now()): string {
  count = now === last ? count + 1 : 1;
  last = now;
  const time = ((BigInt(now) * 0x1000n + BigInt(count)) & 0xffff_ffff_ffffn).toString(16).padStart(12, '0');
  const chance = Array.from({ length: 14 }, () => Math.floor(Math.random() * 36).toString(36)).join('');
  return `prt_${time}${chance}`;
}
