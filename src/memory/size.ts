import type { GraphCounts } from '../graph/queries/meta.ts';
import type { Services } from './services.ts';

export async function askForSize(
  services: Services,
  options: { readonly group: string | undefined },
): Promise<GraphCounts> {
  const group = services.group(options.group);
  const { countGraph } = await import('../graph/queries/meta.ts');
  return countGraph((await services.graphs()).group(group));
}
