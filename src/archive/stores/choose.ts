import type { Config } from '../../config.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { directoryStore } from './directory.ts';
import type { ArchiveStore } from './store.ts';

/**
 * Backblaze B2 where any of its settings is given, else the folder.
 * @throws ConfigError when one of B2's settings is missing or cannot be used
 */
export async function chooseStore(
  { b2, exportDir }: Pick<Config, 'b2' | 'exportDir'>,
  metrics?: Metrics,
): Promise<ArchiveStore> {
  if (!b2) return directoryStore(exportDir, metrics);
  const { b2Store } = await import('./b2/store.ts');
  return b2Store(b2, { metrics });
}
