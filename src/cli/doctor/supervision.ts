import { ConfigError } from '../../errors.ts';
import { type LoginItem, loginItem, missingPrograms } from '../../supervisor/at-login.ts';
import { supervisionNotices, supervisionOf } from '../../supervisor/supervision.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether the processes of `up` are restarted when they die, and which died in the last day. No findings if `up` has started nothing. */
export async function checkSupervision(environment: Environment): Promise<readonly Finding[]> {
  const supervision = await supervisionOf(environment);
  if (supervision === undefined) return [];
  const notices = supervisionNotices(supervision);
  if (notices.length === 0)
    return [ok('restarts', 'Processes that die under `up` are restarted; none died in the last day.')];
  return notices.map(({ isFault, text }) => (isFault ? problem : warning)('restarts', text));
}

/** Whether the programs in the login item of `up --at-login` still exist: a new version of Node often has another path. */
export function checkLogin(environment: Environment, platform = process.platform): readonly Finding[] {
  const item = itemOf(environment, platform);
  const missing = item && missingPrograms(item);
  if (!item || missing === undefined) return [];
  if (missing.length === 0) return [ok('at login', `${item.file} starts \`up\` at each login.`)];
  return [
    problem(
      'at login',
      `${item.file} calls ${missing.join(' and ')}, which does not exist; \`memory-manager up --at-login\` writes it again.`,
    ),
  ];
}

/** Undefined on a system without login items. */
function itemOf(environment: Environment, platform: NodeJS.Platform): LoginItem | undefined {
  try {
    return loginItem(environment, { node: '', script: '' }, platform);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}
