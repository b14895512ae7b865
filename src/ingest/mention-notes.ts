import * as z from 'zod/mini';
import type { Extraction } from '../models/language-model.ts';
import type { AttributeValue } from '../ontology.ts';
import { canonicalKey } from './name-keys.ts';
import type { Resolution } from './resolve-entities.ts';

/** The name that an episode uses for an entity, with the type and attributes that it gives. */
export interface EntityMention {
  readonly entity: string;
  readonly name: string;
  /** `Entity` for no type. */
  readonly type: string;
  readonly attributes?: Readonly<Record<string, AttributeValue>> | undefined;
}

const value = z.union([z.string(), z.number(), z.boolean()]);
const shape = z.array(
  z.object({
    entity: z.string(),
    name: z.string(),
    type: z._default(z.string(), 'Entity'),
    attributes: z.optional(z.record(z.string(), z.union([value, z.array(value)]))),
  }),
);

/**
 * The mentions stored on an episode's `_Meta` node as JSON, so that forgetting the episode can retract them. An entity that is only
 * mentioned by its own name is left out; null when that holds for all.
 */
export function mentionsText({ entities }: Extraction, { byKey }: Pick<Resolution, 'byKey'>): string | null {
  const mentions = entities.flatMap(({ name, type, attributes = {} }) => {
    const entity = byKey.get(canonicalKey(name));
    const isPlain =
      type === 'Entity' &&
      Object.keys(attributes).length === 0 &&
      canonicalKey(name) === canonicalKey(entity?.name ?? '');
    return entity ? [{ entity: entity.uuid, name, type, attributes, isPlain }] : [];
  });
  const noted = new Set(mentions.filter(({ isPlain }) => !isPlain).map(({ entity }) => entity));
  if (noted.size === 0) return null;
  return textOf(mentions.filter(({ entity }) => noted.has(entity)));
}

const textOf = (mentions: readonly EntityMention[]): string =>
  JSON.stringify(
    mentions.map(({ entity, name, type, attributes = {} }) => ({
      ...{ entity, name },
      ...(type !== 'Entity' && { type }),
      ...(Object.keys(attributes).length > 0 && { attributes }),
    })),
  );

export function parseMentions(text: string | null): EntityMention[] {
  return text === null ? [] : shape.parse(JSON.parse(text));
}

/** The same without the mentions of some entities. @param removed uuids */
export function withoutMentions(text: string | null, removed: ReadonlySet<string>): string | null {
  const mentions = parseMentions(text);
  const remaining = mentions.filter(({ entity }) => !removed.has(entity));
  if (remaining.length === mentions.length) return text;
  return remaining.length > 0 ? textOf(remaining) : null;
}

/** The same with names and attributes changed. */
export function mapMentions(
  text: string,
  change: (mention: Pick<EntityMention, 'name' | 'attributes'>) => Pick<EntityMention, 'name' | 'attributes'>,
): string {
  return textOf(parseMentions(text).map((mention) => ({ ...mention, ...change(mention) })));
}
