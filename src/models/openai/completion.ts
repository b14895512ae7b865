import * as z from 'zod/mini';

export interface ChatReply {
  readonly text: string;
  /** Why the text is none that can be read; null where it is. */
  readonly stopped: 'refusal' | 'length' | 'content_filter' | 'empty' | null;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

const tokens = z.catch(z.number().check(z.int(), z.minimum(0)), 0);
const completion = z.object({
  choices: z.array(
    z.object({
      finish_reason: z.nullish(z.string()),
      message: z.object({ content: z.nullish(z.string()), refusal: z.nullish(z.string()) }),
    }),
  ),
  usage: z.nullish(z.object({ prompt_tokens: tokens, completion_tokens: tokens })),
});

/** @throws TypeError for what is none */
export function readCompletion(given: unknown): ChatReply {
  const { success, data } = completion.safeParse(given);
  if (!success) throw new TypeError('not a chat completion');
  const [choice] = data.choices;
  const text = choice?.message.content ?? '';
  const stopped = () => {
    if (choice?.message.refusal) return 'refusal';
    if (choice?.finish_reason === 'length' || choice?.finish_reason === 'content_filter') return choice.finish_reason;
    return text.trim() === '' ? 'empty' : null;
  };
  return {
    text,
    stopped: stopped(),
    promptTokens: data.usage?.prompt_tokens ?? 0,
    completionTokens: data.usage?.completion_tokens ?? 0,
  };
}
