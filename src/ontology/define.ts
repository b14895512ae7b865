/** The content of a configuration file: the user's own types and instructions. */
export interface MemoryDefinition {
  /** By name, such as `Person`. Without any, types are found freely. */
  readonly entityTypes?: { readonly [name: string]: EntityTypeDefinition };
  /** By name in SCREAMING_SNAKE_CASE, such as `WORKS_ON`. Other relations are still found. */
  readonly factTypes?: { readonly [name: string]: FactTypeDefinition };
  /** Entity types whose entities are left out with every fact about them; `Entity` stands for entities of no other type. */
  readonly excludedTypes?: readonly string[];
  /** Added to the prompt of the language model. */
  readonly instructions?: string;
}

export interface EntityTypeDefinition {
  /** Explains to the language model what belongs here. */
  readonly description?: string;
  /** Text, numbers, true or false, and lists of these; all may be missing in a text. */
  readonly attributes?: ObjectSchema | ObjectJsonSchema;
}

export interface FactTypeDefinition extends EntityTypeDefinition {
  /** Pairs of entity types that a fact may connect; `Entity` stands for every type. Default: all pairs. */
  readonly ends?: readonly (readonly [source: string, target: string])[];
}

/** An object schema of zod 4, classic or mini. Recognized by its shape, since the user's zod may be a different copy. */
export interface ObjectSchema {
  readonly _zod: { readonly def: { readonly type: 'object'; readonly shape: object } };
}

/** The same as JSON schema, for files in JSON. */
export interface ObjectJsonSchema {
  readonly type: 'object';
  readonly properties: { readonly [name: string]: object };
}

/** Returns the definition unchanged; gives editors the types of a `memory.config.ts`. */
export function defineMemory(definition: MemoryDefinition): MemoryDefinition {
  return definition;
}
