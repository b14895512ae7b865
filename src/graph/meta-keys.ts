// Keys of `_Meta` nodes that belong to a name, a fact or an entity.

/** The node of an entity's alias. */
export const aliasKey = (key: string): string => `alias:${key}`;

/** The node with the endings between two entities. */
export const endingsKey = (pair: string): string => `ended:${pair}`;

/** The node with the evidence of a fact. */
export const factKey = (uuid: string): string => `fact:${uuid}`;

/** The node of an entity whose facts no longer fit into its summary. */
export const longEntityKey = (uuid: string): string => `long:${uuid}`;
