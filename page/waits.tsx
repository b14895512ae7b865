import type { WaitState } from '../src/page/schemas.ts';
import { hrefOf, Link } from './route.tsx';

/** Why a stored text has no facts: it waits for a worker, or reading failed. Shows the cause and a link to the job. */
export function NotRead({ uuid, waits }: { uuid: string; waits: WaitState | null }) {
  if (!waits?.isFailed) return <span class="waits">waits to be read{waits?.reason ? `: ${waits.reason}` : ''}</span>;
  return (
    <span class="failed">
      could not be read:{' '}
      <Link href={hrefOf(`/queue/${encodeURIComponent(uuid)}`)}>{waits.reason ?? 'see its job'}</Link>
    </span>
  );
}
