import { definitionJsonSchema } from '../../src/ontology/read-definition.ts';

/** `memory.config.schema.json`, from the shape by which the file is read. */
export const configSchema = (): string => `${JSON.stringify(definitionJsonSchema(), null, 2)}\n`;
