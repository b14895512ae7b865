import { SETTINGS } from '../../src/settings.ts';

/** `src/worker-socket/setting-families.ts`, from the table of settings: hooks and cached queries do not load the table itself. */
export function settingFamilies(): string {
  const families = [...new Set(Object.keys(SETTINGS).map((name) => name.replace(/_.*/, '')))].sort();
  return `// Written by \`npm run generate\` from the table of settings.

/** What the names of all settings start with. */
export const SETTING_FAMILIES = [${families.map((family) => `'${family}'`).join(', ')}];
`;
}
