import { realPath } from '../../git.ts';
import type { PluginContext, ServiceSession } from './host.ts';

/** The host's information about each session, asked once. */
export interface SessionInfos {
  /** Undefined if the host does not know the session. */
  of(session: string): Promise<ServiceSession | undefined>;
  forget(session: string): void;
}

const MOST_SESSIONS = 500;

export function openSessionInfos(context: PluginContext): SessionInfos {
  const infos = new Map<string, Promise<ServiceSession | undefined>>();

  async function ask(session: string): Promise<ServiceSession | undefined> {
    try {
      return unwrapData(await context.session.get?.({ sessionID: session })) as ServiceSession | undefined;
    } catch {
      infos.delete(session);
      return undefined;
    }
  }

  return {
    of(session) {
      const info = infos.get(session) ?? ask(session);
      infos.set(session, info);
      const [oldest] = infos.keys();
      if (oldest !== undefined && infos.size > MOST_SESSIONS) infos.delete(oldest);
      return info;
    },
    forget: (session) => void infos.delete(session),
  };
}

/** True for a sub-agent's session, and for one of another folder. */
export function isIgnoredSession({ parentID, location }: ServiceSession, directory: string): boolean {
  const isElsewhere = location?.directory !== undefined && realPath(location.directory) !== realPath(directory);
  return parentID !== undefined || isElsewhere;
}

/** Some releases put an answer into `data`. */
export const unwrapData = (answer: unknown): unknown =>
  typeof answer === 'object' && answer !== null && 'data' in answer ? answer.data : answer;
