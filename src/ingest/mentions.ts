import * as z from 'zod/mini';
import type { Extraction } from '../models/language-model.ts';
import type { AttributeValue } from '../ontology.ts';
import { sameKey } from './names.ts';
import type { Resolution } from './resolve-entities.ts';

/** By which name an episode calls an entity, and what it tells of it. */
export interface Told {
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
 * What stands in the note beside an episode, as JSON, so that it can be unsaid. Of an entity that it only calls by its name
 * nothing stands there; null where that is so of all.
 */
export function toldText({ entities }: Extraction, { byKey }: Pick<Resolution, 'byKey'>): string | null {
  const told = entities.flatMap(({ name, type, attributes = {} }) => {
    const entity = byKey.get(sameKey(name));
    const isPlain =
      type === 'Entity' && Object.keys(attributes).length === 0 && sameKey(name) === sameKey(entity?.name ?? '');
    return entity ? [{ entity: entity.uuid, name, type, attributes, isPlain }] : [];
  });
  const noted = new Set(told.filter(({ isPlain }) => !isPlain).map(({ entity }) => entity));
  if (noted.size === 0) return null;
  return textOf(told.filter(({ entity }) => noted.has(entity)));
}

const textOf = (told: readonly Told[]): string =>
  JSON.stringify(
    told.map(({ entity, name, type, attributes = {} }) => ({
      ...{ entity, name },
      ...(type !== 'Entity' && { type }),
      ...(Object.keys(attributes).length > 0 && { attributes }),
    })),
  );

export function readTold(text: string | null): Told[] {
  return text === null ? [] : shape.parse(JSON.parse(text));
}

/** The same without what is told of some entities. @param gone uuids */
export function withoutTold(text: string | null, gone: ReadonlySet<string>): string | null {
  const told = readTold(text);
  const left = told.filter(({ entity }) => !gone.has(entity));
  if (left.length === told.length) return text;
  return left.length > 0 ? textOf(left) : null;
}
