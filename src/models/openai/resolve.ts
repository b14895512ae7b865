import * as z from 'zod/mini';
import type { FactVerdict, Undecided, Verdict } from '../language-model.ts';
import { ask } from './ask.ts';
import type { Chat } from './chat.ts';
import { byNumber, type Numbered, numbered } from './numbered.ts';
import { RESOLVE_INSTRUCTIONS, resolveMaterial } from './prompts/resolve.ts';
import { numberLike, rows, shaped } from './reply.ts';
import { list, type NamedSchema, object, WHOLE, WHOLE_OR_NULL } from './schema.ts';

const SCHEMA: NamedSchema = {
  name: 'verdict',
  schema: object({
    entities: list(object({ question: WHOLE, same_as: WHOLE_OR_NULL })),
    facts: list(object({ question: WHOLE, repeats: WHOLE_OR_NULL, contradicts: list(WHOLE) })),
  }),
};
const place = z.catch(z.nullish(numberLike), null);
const REPLY = z.object({
  entities: z.nullish(rows(z.object({ question: numberLike, same_as: place }))),
  facts: z.nullish(rows(z.object({ question: numberLike, repeats: place, contradicts: z.nullish(z.array(place)) }))),
});

/**
 * Decides all questions in one call, in none where nothing is asked. What the reply leaves out, or answers with a number that
 * is none of the question's candidates, is the same as none.
 * @throws UnusableReplyError, ModelUnavailableError, ModelFailedError, ModelBusyError, ConfigError
 */
export async function resolve(chat: Chat, undecided: Undecided): Promise<Verdict> {
  const entities = undecided.entities.map((question, index) => ({ ...question, question: index + 1 }));
  const facts = undecided.facts.map((question, index) => ({ ...question, question: index + 1 }));
  const isOpen = ({ candidates }: { candidates: readonly unknown[] }) => candidates.length > 0;
  const open = { entities: entities.filter(isOpen), facts: facts.filter(isOpen) };
  if (open.entities.length + open.facts.length === 0)
    return { entities: entities.map(() => null), facts: facts.map(() => ({ repeats: null, contradicts: [] })) };
  const known = {
    entities: numbered(open.entities.flatMap(({ candidates }) => candidates)),
    facts: numbered(open.facts.flatMap(({ candidates }) => candidates)),
  };
  const { value, use } = await ask(chat, {
    purpose: 'resolve',
    instructions: RESOLVE_INSTRUCTIONS,
    material: resolveMaterial(open, known),
    schema: SCHEMA,
    read: shaped(REPLY),
  });
  const aboutEntities = byNumber(value.entities ?? [], ({ question }) => question);
  const aboutFacts = byNumber(value.facts ?? [], ({ question }) => question);
  return {
    entities: entities.map(({ question, candidates }) =>
      placeOf(aboutEntities.get(question)?.same_as, candidates, known.entities),
    ),
    facts: facts.map(({ question, candidates }): FactVerdict => {
      const { repeats, contradicts } = aboutFacts.get(question) ?? {};
      const repeated = placeOf(repeats, candidates, known.facts);
      const places = (contradicts ?? []).map((number) => placeOf(number, candidates, known.facts));
      const contradicted = places.filter((place): place is number => place !== null && place !== repeated);
      return { repeats: repeated, contradicts: [...new Set(contradicted)] };
    }),
    use,
  };
}

/** The place among a question's candidates of what was shown under the number. */
function placeOf<T>(
  number: number | null | undefined,
  candidates: readonly T[],
  { numberOf }: Numbered<T>,
): number | null {
  if (number === null || number === undefined) return null;
  const place = candidates.findIndex((candidate) => numberOf(candidate) === number);
  return place < 0 ? null : place;
}
