import { hrefOf, Link } from './route.tsx';
import type { Finding } from './sentences.ts';
import { Time } from './times.tsx';

/** Findings in sentences, each with its remedy. */
export function FindingList({ findings }: { findings: readonly Finding[] }) {
  return (
    <ul class="findings">
      {findings.map(({ kind, text, effect, since, noticedAt, remedy, href }) => (
        <li key={text} class={kind}>
          <span class="dot" aria-hidden="true" />
          <div>
            <p>
              <span class="hidden">{kind === 'good' ? 'Works: ' : kind === 'bad' ? 'Problem: ' : 'Note: '}</span>
              <Sentence text={text} />
            </p>
            {(effect !== undefined || since !== undefined || noticedAt !== undefined) && (
              <p class="meta">
                {effect !== undefined && <b>{effect}</b>}
                {since !== undefined && (
                  <span>
                    since <Time of={since} />
                  </span>
                )}
                {noticedAt !== undefined && (
                  <span>
                    noticed <Time of={noticedAt} />
                  </span>
                )}
              </p>
            )}
            {remedy !== undefined && (
              <p class="quiet">
                {href === undefined ? <Sentence text={remedy} /> : <Link href={hrefOf(href)}>{remedy}</Link>}
              </p>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}

/** A sentence with commands in backticks, which are shown as code. */
export function Sentence({ text }: { text: string }) {
  return <>{text.split('`').map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part))}</>;
}
