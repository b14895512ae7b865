import type { Config } from '../../config.ts';
import type { Graphs } from '../../graph/graphs.ts';
import { compareEmbedder } from '../../graph/schema.ts';
import type { Embedder } from '../../models/embedder.ts';
import { checkModels, languageModelProvider, loadEmbedder } from '../../models/providers.ts';
import { errorSentence, type Finding, ok, problem } from './finding.ts';

/** A server charges one token for it. */
const PROBE = ['.'];

/**
 * Asks both models, which have time limits of their own for a silent server, and compares the embedder with the one that the memories were written with. Never throws.
 * @param graphs undefined while FalkorDB cannot be asked
 */
export async function checkModelsAndVectors(
  config: Config,
  graphs: Graphs | undefined,
  groups: readonly string[],
): Promise<readonly Finding[]> {
  try {
    checkModels(config);
  } catch (error) {
    return [problem('models', errorSentence(error))];
  }
  const [reading, vectors] = await Promise.all([checkReading(config), checkVectors(config, graphs, groups)]);
  return [reading, ...vectors];
}

async function checkReading(config: Config): Promise<Finding> {
  const provider = languageModelProvider(config);
  const name = provider.modelName(config);
  const about = 'reading model';
  try {
    await provider.check?.(config);
    return ok(
      about,
      name ? `${config.models}, ${name}: the server accepts the key.` : 'Local rules, without a server.',
    );
  } catch (error) {
    return problem(about, errorSentence(error));
  }
}

async function checkVectors(config: Config, graphs: Graphs | undefined, groups: readonly string[]): Promise<Finding[]> {
  const about = 'embedder';
  let embedder: Embedder | undefined;
  try {
    embedder = await loadEmbedder(config);
    await embedder.embed(PROBE);
    if (graphs) for (const group of groups) await compareEmbedder(graphs.group(group), embedder);
    return [ok(about, `${embedder.model} (${embedder.dimension} dimensions) answers.`)];
  } catch (error) {
    return [problem(about, errorSentence(error))];
  } finally {
    await embedder?.close();
  }
}
