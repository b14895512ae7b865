import { closestName } from '../../closest-name.ts';
import { SETTINGS } from '../../settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables read outside the table of settings: by the plugin, the hooks, and for unexpected errors. */
const OTHERS = ['MEMORY_DISABLED', 'MEMORY_GROUP_ID', 'MEMORY_USER_GROUP', 'MEMORY_USER_ID', 'MEMORY_DEBUG'];
const KNOWN = [...Object.keys(SETTINGS), ...OTHERS];
const FAMILIES = [...new Set(KNOWN.map((name) => `${name.split('_')[0]}_`))];

/**
 * Warnings about environment variables that look like settings but are not. Only warnings, since variables of other programs may have the
 * same prefix.
 * @param all also variables that resemble no setting
 */
export function unknownSettings(environment: Environment, { all }: { readonly all: boolean }): string[] {
  return Object.keys(environment).flatMap((name) => {
    if (KNOWN.includes(name) || !FAMILIES.some((family) => name.startsWith(family)) || !environment[name]) return [];
    const suggestion = closestName(name, KNOWN);
    if (suggestion !== undefined)
      return [`Warning: ${name} is not a setting and has no effect; did you mean ${suggestion}?`];
    return all && name.startsWith('MEMORY_') ? [`Warning: ${name} is not a setting and has no effect.`] : [];
  });
}
