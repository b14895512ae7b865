import { chooseStore, isRemote } from '../../archive/stores/choose.ts';
import { type Config, readSettings } from '../../config.ts';
import { ArchiveUnavailableError } from '../../errors.ts';
import type { NightlyStatus } from '../../memory/status.ts';
import { ageText, DAY, SECOND } from '../../time.ts';
import { withTimeout } from '../../with-timeout.ts';
import { errorSentence, type Finding, ok, problem, warning } from './finding.ts';
import { checkFreeSpace, whyUnwritable } from './machine.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const ANSWERS_WITHIN = 15 * SECOND;
/** Without nightly exports. */
const OLD = 7 * DAY;

/**
 * Checks where exports go and how old the newest one is. The default folder belongs to the worker, which may run on another machine, so it
 * is not checked. Never throws.
 * @param nightly undefined while Valkey cannot be asked
 */
export async function checkExports(
  config: Config,
  environment: Environment,
  nightly: NightlyStatus | undefined,
  isEmpty: boolean,
): Promise<readonly Finding[]> {
  const { exportDir } = config;
  const isFolder = !isRemote(config);
  if (isFolder && readSettings(environment).origins.MEMORY_EXPORT_DIR === 'default')
    return nightly ? [judgeAge('The workers', undefined, config, nightly, isEmpty)] : [];
  const refusal = isFolder ? whyUnwritable(exportDir) : undefined;
  if (refusal !== undefined)
    return [
      problem(
        'exports',
        `${exportDir} ${refusal}; check MEMORY_EXPORT_DIR, here and for the worker, which writes there.`,
      ),
    ];
  const space = isFolder ? [checkFreeSpace('disk of exports', exportDir)] : [];
  try {
    const store = await chooseStore(config);
    const [newest] = await withTimeout(ANSWERS_WITHIN, store.list('graphiti_export_'), () => {
      throw new ArchiveUnavailableError(`${store.location} did not answer within ${ANSWERS_WITHIN / SECOND} s.`);
    });
    return [judgeAge(store.location, newest?.at, config, nightly, isEmpty), ...space];
  } catch (error) {
    return [problem('exports', errorSentence(error)), ...space];
  }
}

/** @param newest undefined for no archive, or for a place that was not checked */
function judgeAge(
  place: string,
  newest: Date | undefined,
  { nightly: schedule }: Config,
  nightly: NightlyStatus | undefined,
  isEmpty: boolean,
): Finding {
  const about = 'exports';
  const verified = nightly?.verified ?? nightly?.oldest;
  const age = newest ? Date.now() - newest.getTime() : undefined;
  if (age !== undefined && (schedule || age < OLD))
    return ok(about, `The newest archive in ${place} is from ${ageText(age)}.`);
  if (age !== undefined)
    return warning(
      about,
      `The newest archive in ${place} is from ${ageText(age)}, and nightly exports are off; run \`memory-manager export --all\`.`,
    );
  if (place === 'The workers' && verified) return ok(about, `The last restore test passed ${ageText(verified.ageMs)}.`);
  if (verified)
    return problem(
      about,
      `${place} has no archive, though a restore test passed ${ageText(verified.ageMs)}; bring the archives back or run \`memory-manager export --all\`.`,
    );
  if (schedule) {
    const due = nightly?.next ? ` The next nightly export is due at ${nightly.next.toISOString().slice(0, 16)}Z.` : '';
    return ok(about, `No archive yet.${due}`);
  }
  return isEmpty
    ? ok(about, 'Nothing to export yet; nightly exports are off.')
    : warning(about, 'There is no archive, and nightly exports are off; run `memory-manager export --all`.');
}
