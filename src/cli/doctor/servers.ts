import { checkStoreKind, retryWhileUnreachable, serverFindings } from '../../../workers/startup-checks.ts';
import type { Config } from '../../config.ts';
import { storeLocation } from '../../store-address.ts';
import { checkRights } from '../../valkey/acl-rights.ts';
import type { StoreKind } from '../../valkey/failures.ts';
import { readServers } from '../../valkey/server-info.ts';
import { errorSentence, type Finding, ok, problem, warning } from './finding.ts';

/** The checks of a worker's start, all at once. Never throws. */
export async function checkServer(store: StoreKind, config: Config): Promise<readonly Finding[]> {
  const copies = store === 'Valkey' ? config.valkeyCopies : config.falkordbCopies;
  const address = store === 'Valkey' ? config.valkey : config.falkordb;
  try {
    const servers = await retryWhileUnreachable(() => readServers(store, address));
    for (const facts of servers) checkStoreKind(store, facts, config);
    await retryWhileUnreachable(() => checkRights(store, address, config.queuePrefix, copies));
    const findings = servers.map((facts) => serverFindings(store, facts, copies));
    const unique = (kind: 'refusals' | 'warnings') => [...new Set(findings.flatMap((finding) => finding[kind]))];
    const [refusals, warnings] = [unique('refusals'), unique('warnings')];
    const answers = servers.map(({ product, version, falkordb, appendOnly, evictionPolicy }) => {
      const module = falkordb === undefined ? '' : `module ${falkordb} in `;
      const kept = appendOnly && evictionPolicy === 'noeviction' ? ', keeps its data' : '';
      return `${module}${product} ${version}${kept}`;
    });
    const answer = `${storeLocation(address)} answers: ${[...new Set(answers)].join('; ')}.`;
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
