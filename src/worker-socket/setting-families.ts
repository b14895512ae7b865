// Written by `npm run generate` from the table of settings.

/** What the names of all settings start with. */
export const SETTING_FAMILIES = ['B2', 'FALKORDB', 'MEMORY', 'OPENAI', 'VALKEY'];
