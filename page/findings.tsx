import { hrefOf, Link } from './route.tsx';
import type { Finding } from './sentences.ts';

/** States in sentences, each with what to do. */
export function FindingList({ findings }: { findings: readonly Finding[] }) {
  return (
    <ul class="findings">
      {findings.map(({ kind, text, remedy, href }) => (
        <li key={text} class={kind}>
          <span class="dot" aria-hidden="true" />
          <div>
            <p>
              <span class="hidden">{kind === 'good' ? 'Works: ' : kind === 'bad' ? 'Problem: ' : 'Note: '}</span>
              {text}
            </p>
            {remedy !== undefined && (
              <p class="quiet">{href === undefined ? remedy : <Link href={hrefOf(href)}>{remedy}</Link>}</p>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}
