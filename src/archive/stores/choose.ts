import type { Metrics } from '../../telemetry/metrics.ts';
import type { ArchiveStore } from './archive-store.ts';
import { STORES, type StoreSettings } from './declarations.ts';
import { encryptedStore } from './encrypted.ts';
import { folderStore } from './folder.ts';

export interface ChooseStoreSettings extends StoreSettings {
  readonly exportDir: string;
  readonly archiveKeys: readonly string[];
}

/**
 * The first remote store whose settings are given, otherwise the folder. With archive keys new archives are encrypted.
 * @throws ConfigError when one of the store's settings is missing or cannot be used
 */
export async function chooseStore(settings: ChooseStoreSettings, metrics?: Metrics): Promise<ArchiveStore> {
  for (const open of Object.values(STORES)) {
    const store = await open(settings, { metrics });
    if (store) return encryptedStore(store, settings.archiveKeys);
  }
  return encryptedStore(folderStore(settings.exportDir, metrics), settings.archiveKeys);
}

/** True: archives go to a server, and not to the folder. */
export const isRemote = (settings: StoreSettings): boolean =>
  Object.keys(STORES).some((name) => settings[name as keyof StoreSettings] !== undefined);
