import { readSettings } from '../config.ts';
import { SETTINGS, type SettingName } from '../settings.ts';
import type { Command } from './command.ts';

export const command: Command = {
  help: `memory-manager config

Prints every setting: its value, where the value came from (environment, a running \`up\`, default)
and its purpose.

  --json  {"NAME": {"value", "origin", "about"}, …}`,
  options: {},
  unknownSettings: 'all',
  arguments: [0, 0],
  run: async (call) => {
    const { values, origins } = readSettings();
    const rows = Object.entries(SETTINGS).map(([name, setting]) => {
      const value = values[name as SettingName];
      const shown = value === undefined ? '' : 'secret' in setting ? '(set)' : String(value);
      return { name, value: shown, origin: origins[name as SettingName], about: setting.about };
    });
    if (call.json) {
      console.log(JSON.stringify(Object.fromEntries(rows.map(({ name, ...row }) => [name, row]))));
      return 0;
    }
    const width = Math.max(...rows.map(({ name }) => name.length));
    const valueWidth = Math.max(...rows.map(({ value }) => value.length));
    for (const { name, value, origin, about } of rows)
      console.log(`${name.padEnd(width)}  ${value.padEnd(valueWidth)}  ${origin.padEnd(11)}  ${about}`);
    return 0;
  },
};
