import type { Metrics } from '../../telemetry/metrics.ts';
import type { ArchiveStore } from './archive-store.ts';
import { openRemoteStore, type StoreSettings, storeNames } from './declarations.ts';
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
  const store = (await openRemoteStore(settings, { metrics })) ?? folderStore(settings.exportDir, metrics);
  return encryptedStore(store, settings.archiveKeys);
}

/** True: archives go to a server, and not to the folder. */
export const isRemote = (settings: StoreSettings): boolean => storeNames.some((name) => settings[name] !== undefined);
