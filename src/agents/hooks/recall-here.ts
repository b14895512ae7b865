import { loadConfig } from '../../config.ts';
import { openServices } from '../../memory/services.ts';
import type { DeliverableRecall, RecallRequest } from './ask-recall.ts';
import { recallForHook } from './recall.ts';

/** Recalls in this process, which ends afterwards. @throws ConfigError */
export async function recallHere(
  request: RecallRequest,
  environment: Readonly<Record<string, string | undefined>>,
  timeoutMs: number,
): Promise<DeliverableRecall> {
  const notices: string[] = [];
  const services = openServices(loadConfig(environment), { onNotice: (notice) => notices.push(notice) });
  const began = performance.now();
  const recalled = await recallForHook(services, request, timeoutMs);
  return { ...recalled, notices, tookMs: performance.now() - began };
}
