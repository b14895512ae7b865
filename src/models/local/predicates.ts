import { ADVERBS, BE, HELPERS, type Phrase, PREPOSITIONS, phraseAt, type Reader } from './phrases.ts';
import type { Token } from './tagging.ts';

/** What is said of a subject by one verb. */
export interface Predicate {
  /** As written, without auxiliaries: `["keeps"]`, `["started"]`. */
  readonly verb: readonly string[];
  readonly isCopula: boolean;
  readonly isPassive: boolean;
  readonly isFuture: boolean;
  readonly objects: readonly Phrase[];
  readonly led: readonly { readonly preposition: string; readonly phrase: Phrase }[];
}

const PARTICLES = new Set('up out off down away back along'.split(' '));

export function predicatesAt(reader: Reader, from: number): Predicate[] {
  const found: Predicate[] = [];
  for (let at: number | null = from; at !== null && found.length < 3; ) {
    const read = predicateAt(reader, at);
    if (!read) break;
    found.push(read.predicate);
    const next: Token | undefined = reader.tokens[read.next];
    at = next && /^(?:and|,)$/.test(next.lower) ? read.next + 1 : null;
  }
  return found;
}

function predicateAt(reader: Reader, from: number): { predicate: Predicate; next: number } | null {
  const { tokens } = reader;
  const group: Token[] = [];
  let at = from;
  for (let token = tokens[at]; token && isVerbal(token, group); token = tokens[++at]) {
    group.push(token);
    if (token.isParted) {
      at += 1;
      break;
    }
  }
  const words = group.filter(({ lower, tags }) => !tags.has('Adverb') && !ADVERBS.has(lower));
  const main = words.at(-1);
  if (!main || words.length > 4) return null;
  const isDenied = words.some(({ lower, tags }) => tags.has('Negative') || /^(?:not|never|no)$|n't$/.test(lower));
  // "does not support" is told as such; "is not", "has not" and "never" say too little.
  if (
    isDenied &&
    !(/^(?:does|do|cannot)$/.test(words[0]?.lower ?? '') && words.length === 3 && words[1]?.lower === 'not')
  )
    return null;
  if (group.at(-1)?.isParted) return null;
  const isCopula = BE.has(main.lower) || /^becom|^became$/.test(main.lower);
  const isPassive = !isCopula && words.slice(0, -1).some(({ lower }) => BE.has(lower)) && !main.tags.has('Gerund');
  const verb = isDenied
    ? words.map(({ lower }) => lower)
    : words.filter(({ lower }, place) => place === words.length - 1 || !HELPERS.has(lower)).map(({ lower }) => lower);
  const particle = tokens[at];
  const isLive = particle?.lower === 'live' && /^(?:go|goes|went)$/.test(verb.at(-1) ?? '');
  if (particle && (isLive || PARTICLES.has(particle.lower)) && !particle.isParted) {
    verb.push(particle.lower);
    at += 1;
  }
  const objects: Phrase[] = [];
  const led: { preposition: string; phrase: Phrase }[] = [];
  let isAfterDate = false;
  while (at < tokens.length && led.length < 3) {
    const token = tokens[at] as Token;
    if (token.tags.has('Date')) {
      at += 1;
      isAfterDate = true;
    } else if (PREPOSITIONS.has(token.lower) && !token.technical) {
      const phrase = phraseAt(reader, at + 1);
      const isNumber = !phrase && tokens[at + 1]?.tags.has('Value');
      const skipped = isNumber || tokens[at + 1]?.tags.has('Date');
      if (!phrase && !skipped) break;
      if (phrase && !skipped) led.push({ preposition: token.lower, phrase });
      at = skipped ? at + 2 : (phrase?.next ?? at + 1);
      if (led.at(-1) && tokens[at - 1]?.isParted) break;
    } else if (token.lower === 'and' && objects.length > 0 && led.length > 0) {
      // "keeps its sessions in Redis and its jobs in RabbitMQ"
      const other = phraseAt(reader, at + 1);
      const preposition = other && tokens[other.next]?.lower;
      const place = preposition === led[0]?.preposition && other ? phraseAt(reader, other.next + 1) : null;
      if (!place || !preposition) break;
      led.push({ preposition, phrase: place });
      at = place.next;
    } else if (objects.length === 0 && led.length === 0 && !isAfterDate) {
      const phrase = phraseAt(reader, at);
      if (!phrase) {
        if (/^(?:it|them|us|him|her|me)$/.test(token.lower) && !token.isParted) {
          at += 1;
          continue;
        }
        if (ADVERBS.has(token.lower)) {
          at += 1;
          continue;
        }
        break;
      }
      objects.push(phrase);
      at = phrase.next;
      // "Node, Deno and Bun": more of the same, where no verb follows.
      for (;;) {
        const comma = tokens[at - 1]?.isParted;
        const joined = tokens[at]?.lower === 'and';
        if (!comma && !joined) break;
        const other = phraseAt(reader, at + (joined ? 1 : 0));
        if (!other?.isNamed || !phrase.isNamed || isVerbal(tokens[other.next], [])) break;
        objects.push(other);
        at = other.next;
      }
      if (tokens[at - 1]?.isParted) break;
      // "gives every task its size"
      if (/^(?:the|a|an|its|their|his|her|our|my)$/.test(tokens[at]?.lower ?? '')) return null;
    } else break;
  }
  const isFuture = words.some(({ lower }) => lower === 'will');
  return { predicate: { verb, isCopula, isPassive, isFuture, objects, led }, next: at };
}

function isVerbal(token: Token | undefined, group: readonly Token[]): boolean {
  if (!token || token.technical) return false;
  if (HELPERS.has(token.lower) || token.tags.has('Negative') || /^(?:not|never)$/.test(token.lower)) return true;
  if (token.tags.has('Adverb') || ADVERBS.has(token.lower)) return true;
  const last = group.at(-1);
  // One verb only: "has to be paid" and "wants to sell" are said otherwise.
  if (last?.tags.has('Verb') && !HELPERS.has(last.lower)) return false;
  if (token.tags.has('Verb')) return !token.tags.has('Modal') || token.lower === 'will';
  return Boolean(last && BE.has(last.lower) && /[^e]ed$/.test(token.lower));
}
