import { checkStoreKind, retryWhileUnreachable, serverFindings } from '../../../workers/startup-checks.ts';
import type { Config } from '../../config.ts';
import { checkRights } from '../../valkey/acl-rights.ts';
import type { Store } from '../../valkey/failures.ts';
import { readServer } from '../../valkey/server-info.ts';
import { errorSentence, type Finding, ok, problem, warning } from './finding.ts';

/** What a worker checks at its start, and everything at once. Never throws. */
export async function checkServer(store: Store, config: Config): Promise<readonly Finding[]> {
  const address = store === 'Valkey' ? config.valkey : config.falkordb;
  try {
    const facts = await retryWhileUnreachable(() => readServer(store, address));
    checkStoreKind(store, facts, config);
    await retryWhileUnreachable(() => checkRights(store, address, config.queuePrefix));
    const { refusals, warnings } = serverFindings(store, facts);
    const { product, version, falkordb, appendOnly, evictionPolicy } = facts;
    const module = falkordb === undefined ? '' : `module ${falkordb} in `;
    const kept = appendOnly && evictionPolicy === 'noeviction' ? ', keeps its data' : '';
    const answer = `${address.host}:${address.port} answers: ${module}${product} ${version}${kept}.`;
    return [
      ...refusals.map((text) => problem(store, text)),
      ...warnings.map((text) => warning(store, text)),
      ...(refusals.length + warnings.length === 0 ? [ok(store, answer)] : []),
    ];
  } catch (error) {
    return [problem(store, errorSentence(error))];
  }
}

export const isUsable = (findings: readonly Finding[]): boolean => findings.every(({ level }) => level !== 'problem');
