/** The possible values of an attribute; FalkorDB stores no nested values. */
export type AttributeValue = string | number | boolean | readonly (string | number | boolean)[];

/** A property that entities or facts of a type may have. */
export interface Attribute {
  /** A graph property's name, none of Graphiti's own. */
  readonly name: string;
  /** For the language model. */
  readonly description: string;
  /** The form of the value as a JSON schema; `read` checks what a schema cannot express. */
  readonly schema: { readonly [key: string]: unknown };
  /** The value as it is stored; undefined when it does not fit the type. Never throws. */
  readonly read: (value: unknown) => AttributeValue | undefined;
}

export interface EntityType {
  /** A graph label, such as `Person`. */
  readonly name: string;
  readonly description: string;
  readonly attributes: readonly Attribute[];
}

export interface FactType {
  /** SCREAMING_SNAKE_CASE, such as `WORKS_AT`. */
  readonly name: string;
  readonly description: string;
  /** Pairs of entity types that a fact may connect; `Entity` allows every type. Empty: all pairs. */
  readonly ends: readonly (readonly [source: string, target: string])[];
  readonly attributes: readonly Attribute[];
}

/** The user's own types and instructions, which decide what is extracted from episodes. */
export interface Ontology {
  readonly entityTypes: readonly EntityType[];
  readonly factTypes: readonly FactType[];
  /** Entity types that are left out, with every fact about them; `Entity` stands for entities of no other type. */
  readonly excludedTypes: readonly string[];
  /** Added to the language model's prompt. */
  readonly instructions: string;
}

/** No own types: types are chosen freely. */
export const NO_ONTOLOGY: Ontology = { entityTypes: [], factTypes: [], excludedTypes: [], instructions: '' };
