export { sameKey, spellings } from '../text.ts';

/** The key of the `_Meta` node that notes a name as another one of an entity. */
export const aliasKey = (key: string): string => `alias:${key}`;

/** The key of the `_Meta` node with what ended between two entities. */
export const endingsKey = (pair: string): string => `ended:${pair}`;

/** The key of the `_Meta` node with the evidence of a fact. */
export const factKey = (uuid: string): string => `fact:${uuid}`;
