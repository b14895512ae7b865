/** The name `_` of the default memory means nothing to users who have never chosen a name. */
export const memoryName = (group: string): string => (group === '_' ? '_ (default)' : group);
