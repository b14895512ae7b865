import { useMemo } from 'preact/hooks';
import type { EntityItem, Fact } from '../src/page/schemas.ts';
import { layout, MOST } from './neighbour-layout.ts';
import { hrefOf, Link } from './route.tsx';
import { holdsAt } from './times.tsx';

/** A picture of the entity and the entities in its facts. Ended facts are dashed. */
export function Neighbourhood({ entity, facts }: { entity: EntityItem; facts: readonly Fact[] }) {
  const picture = useMemo(() => {
    const now = Date.now();
    return layout(entity, facts, (fact) => holdsAt(fact, now));
  }, [entity, facts]);
  const { nodes, edges, box, isCut } = picture;
  if (nodes.length < 2) return null;
  return (
    <section>
      <h2>Neighbours</h2>
      <figure aria-label={`${nodes.length - 1} neighbours of ${entity.name}`}>
        <svg class="neighbours" viewBox={box}>
          <title>Entities that share a fact with {entity.name}</title>
          {edges.map(({ id, source, target, relation, isCurrent }) => (
            <line
              key={id}
              class={isCurrent ? undefined : 'past'}
              {...{ x1: source.x, y1: source.y, x2: target.x, y2: target.y }}
            >
              <title>{relation}</title>
            </line>
          ))}
          {nodes.map(({ id, label, x = 0, y = 0 }) => (
            <Link
              key={id}
              href={hrefOf(`/entities/${encodeURIComponent(id)}`)}
              class={id === entity.uuid ? 'center' : undefined}
              aria-label={label.whole}
            >
              <g transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}>
                <circle r={id === entity.uuid ? 7 : 5} />
                {label.cover && <rect {...label.cover} />}
                <text x={label.x} y={label.y} text-anchor={label.anchor}>
                  {label.text}
                </text>
              </g>
            </Link>
          ))}
        </svg>
        <figcaption class="legend">
          <span class="this">this entity</span>
          <span class="other">a neighbour</span>
          <span class="now">a fact that holds now</span>
          <span class="past">a fact of another time</span>
        </figcaption>
      </figure>
      {isCut && <p class="quiet">Only {MOST - 1} neighbours are drawn.</p>}
    </section>
  );
}
